package dev.throughline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.google.common.collect.ImmutableList;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.key.Trust;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The reader of standard output stops reading. Threads that log flows must not wait for it. */
@Timeout(60)
class FlowLogTest {
    private final StuckReader reader = new StuckReader();
    private final FlowLog log =
            FlowLog.start(new FlowJson("hop-a", new IdNames(Trust.NOBODY, "hop-a", "edge-1")), reader);

    @AfterEach
    void stop() {
        reader.resumed.countDown();
        log.close();
    }

    @Test
    void neverBlocksAndCountsLostLines() {
        int lines = 0;
        while (log.dropped() < 100) {
            log.closed(view(lines++), new CloseResult(CloseReason.COMPLETED, ""));
        }
        reader.resumed.countDown();
        log.close();

        assertThat(log.dropped()).isEqualTo(100);
        assertThat(reader.lines).hasSize(lines - 100);
        assertThat(reader.lines.stream().mapToInt(String::length).sum()).isBetween(16_000_000, 17_000_000);
        assertThat(reader.lines.peek()).contains("\"event\":\"flow.close\"").contains("\"number\":0");
    }

    @Test
    void closesThoughItsReaderIsStuck() {
        log.opened(view(1));
        assertThatCode(log::close).doesNotThrowAnyException();
    }

    private static FlowView view(long number) {
        return new FlowView(
                number,
                "apps",
                FlowView.Stage.RELAYING,
                Instant.EPOCH,
                Duration.ZERO,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new NextHop.Destination()),
                Optional.of("bsd-socket"),
                ImmutableList.of(),
                0,
                0);
    }

    private static final class StuckReader implements WritableByteChannel {
        private final CountDownLatch resumed = new CountDownLatch(1);
        private final Queue<String> lines = new ConcurrentLinkedQueue<>();

        @Override
        public int write(ByteBuffer bytes) {
            try {
                resumed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            int count = bytes.remaining();
            lines.add(StandardCharsets.UTF_8.decode(bytes).toString());
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
