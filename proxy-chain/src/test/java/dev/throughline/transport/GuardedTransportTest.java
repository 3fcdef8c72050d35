package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.throughline.LogLines;
import dev.throughline.relay.Inbox;
import dev.throughline.relay.Wire;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a transport's breaker opens and closes, by starts that end as a test says. */
@Timeout(60)
class GuardedTransportTest {
    private static final NotOpened HANGS = NotOpened.late(Optional.of("no-memory"));
    private static final NotOpened REFUSED = NotOpened.failed("connect-refused");
    private static final NotOpened SILENT = NotOpened.late(Optional.empty());

    private final ScriptedTransport scripted = new ScriptedTransport("scripted");
    private final GuardedTransport guarded = new GuardedTransport(scripted, Duration.ofMillis(50));
    private final EventLoop loop = new EmbeddedChannel().eventLoop();
    private int port = 1;

    private void opens() {
        scripted.starts(CompletableFuture.completedFuture(new Opened(new NioSocketChannel(), Optional.empty(), true)));
    }

    private void fails(NotOpened why) {
        scripted.starts(CompletableFuture.failedFuture(why));
    }

    private Start start(InetSocketAddress to) {
        return guarded.start(loop, to, Optional.empty(), new Inbox());
    }

    private Start start() {
        return start(InetSocketAddress.createUnresolved("destination", port++));
    }

    private void starts(int count) {
        for (int i = 0; i < count; i++) {
            start();
        }
    }

    private static String reason(Start start) {
        return ((NotOpened) catchThrowableOfType(
                                CompletionException.class, () -> start.opened().join())
                        .getCause())
                .reason();
    }

    @Test
    void itOpensWhenHalfOfTheLastStartsFail() {
        opens();
        starts(5);
        fails(HANGS);
        starts(4);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
        starts(1);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.OPEN);

        assertThat(reason(start())).isEqualTo(NotOpened.BREAKER_OPEN);
        assertThat(scripted.starts()).as("none is tried").isEqualTo(10);
    }

    @Test
    void itHalfOpensLaterAndClosesWhenTheTrialsDoWell() throws Exception {
        fails(HANGS);
        try (LogLines log = new LogLines(GuardedTransport.class)) {
            starts(GuardedTransport.FEWEST);
            opens();
            Wire.await("the breaker to try again", () -> !start().opened().isCompletedExceptionally());
            starts(GuardedTransport.TRIALS - 1);
            assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
            assertThat(log.take())
                    .containsExactly(
                            "WARN transport scripted: its breaker is open now, and was closed",
                            "WARN transport scripted: its breaker is half-open now, and was open",
                            "WARN transport scripted: its breaker is closed now, and was half-open");
        }
    }

    @Test
    void itOpensAgainWhenTheTrialsFail() throws Exception {
        fails(HANGS);
        starts(GuardedTransport.FEWEST);
        Wire.await("the breaker to try again", () -> !reason(start()).equals(NotOpened.BREAKER_OPEN));
        starts(GuardedTransport.TRIALS - 1);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.OPEN);
    }

    /** Only so many at once: the others go another way meanwhile. */
    @Test
    void halfOpenItLetsAFewThrough() throws Exception {
        fails(HANGS);
        starts(GuardedTransport.FEWEST);
        scripted.starts(new CompletableFuture<>());
        Wire.await("the breaker to try again", () -> !start().opened().isDone());
        starts(GuardedTransport.TRIALS - 1);
        assertThat(reason(start())).isEqualTo(NotOpened.BREAKER_OPEN);
        assertThat(scripted.starts()).isEqualTo(GuardedTransport.FEWEST + GuardedTransport.TRIALS);
    }

    @Test
    void whatDestinationsRefuseIsNotTheTransportsFault() {
        fails(REFUSED);
        starts(100);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
    }

    /** Whoever connects to nobody, again and again, doesn't take the transport from all others. */
    @Test
    void aSilentDestinationCountsOnce() {
        InetSocketAddress nobody = InetSocketAddress.createUnresolved("nobody", 1);
        fails(SILENT);
        for (int i = 0; i < 100; i++) {
            start(nobody);
        }
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);

        starts(GuardedTransport.FEWEST - 1);
        assertThat(guarded.state()).as("many of them may be its fault").isEqualTo(GuardedTransport.State.OPEN);
    }

    /** Whoever looks for hosts that aren't there doesn't take plain sockets from anybody. */
    @Test
    void whereNothingStallsSilentDestinationsAreNoFailures() {
        scripted.neverStalls();
        fails(SILENT);
        starts(100);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);

        fails(HANGS);
        starts(100);
        assertThat(guarded.state()).as("what is its own still is").isEqualTo(GuardedTransport.State.OPEN);
    }

    @Test
    void whatItsFlowGaveUpCountsForNothing() {
        for (int i = 0; i < 100; i++) {
            scripted.starts(new CompletableFuture<>());
            start().giveUp();
        }
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
    }
}
