package dev.throughline.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class PacedAcceptTest {
    private final EmbeddedChannel listening = new EmbeddedChannel(new PacedAccept(3));

    private void accept(int connections) {
        for (int i = 0; i < connections; i++) {
            listening.writeInbound("connection");
        }
    }

    private void pass(long millis) {
        listening.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        listening.runScheduledPendingTasks();
    }

    private boolean accepts() {
        return listening.config().isAutoRead();
    }

    @Test
    @Tag("attack")
    void aFloodOfConnectionsIsAcceptedAtAPace() {
        listening.freezeTime();
        accept(3);
        assertThat(accepts()).isFalse();
        pass(PacedAccept.PERIOD_MILLIS - 1);
        assertThat(accepts()).isFalse();
        pass(1);
        assertThat(accepts()).isTrue();
        accept(2);
        assertThat(accepts()).as("two in this period").isTrue();
        accept(1);
        assertThat(accepts()).isFalse();
    }

    @Test
    void fewConnectionsAreAcceptedAtOnce() {
        listening.freezeTime();
        for (int i = 0; i < 10; i++) {
            accept(2);
            assertThat(accepts()).isTrue();
            pass(PacedAccept.PERIOD_MILLIS);
        }
    }
}
