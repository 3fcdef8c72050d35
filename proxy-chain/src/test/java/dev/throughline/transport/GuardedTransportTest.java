package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.throughline.budget.Account;
import dev.throughline.engine.ScriptedConnection;
import dev.throughline.hop.LogLines;
import dev.throughline.relay.Wire;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The circuit breaker of a transport, with scripted starts. */
@Timeout(60)
class GuardedTransportTest {
    private final ConnectFailedException hangs = ConnectFailedException.late(Optional.of("no-memory"));
    private final ConnectFailedException refused = ConnectFailedException.reportedByAgent("connect-refused");
    private final ConnectFailedException silent = ConnectFailedException.late(Optional.empty());

    private final ScriptedTransport scripted = new ScriptedTransport("scripted");
    private final GuardedTransport guarded = new GuardedTransport(scripted, Duration.ofMillis(50));
    private final EventLoop loop = new EmbeddedChannel().eventLoop();
    private int port = 1;

    private void opens() {
        scripted.starts(CompletableFuture.completedFuture(
                new UpstreamConnection(new ScriptedConnection(), Optional.empty(), true)));
    }

    private void fails(ConnectFailedException why) {
        scripted.starts(CompletableFuture.failedFuture(why));
    }

    private AwaitedAttempt start(InetSocketAddress to, String executable) {
        Account who = new Account("host", "0", executable, "1@1");
        return new AwaitedAttempt(guarded, loop, new ConnectRequest(to, who, Optional.empty()));
    }

    /** Starts a connection to a new destination. */
    private AwaitedAttempt start(String executable) {
        return start(InetSocketAddress.createUnresolved("destination", port++), executable);
    }

    private AwaitedAttempt start() {
        return start("app");
    }

    private void starts(int count) {
        starts(count, "app");
    }

    private void starts(int count, String executable) {
        for (int i = 0; i < count; i++) {
            start(executable);
        }
    }

    private static ConnectFailure failure(AwaitedAttempt start) {
        return ((ConnectFailedException) catchThrowableOfType(
                                CompletionException.class, () -> start.opened().join())
                        .getCause())
                .failure();
    }

    /** Otherwise an open breaker would stay open until the host's clock reaches its earlier time. */
    @Test
    void thePauseIsMeasuredByAMonotonicClock() {
        assertThat(GuardedTransport.config(GuardedTransport.PAUSE).getClock()).isInstanceOf(SteadyClock.class);
    }

    @Test
    void itOpensWhenHalfOfTheLastStartsFail() {
        opens();
        starts(5);
        fails(hangs);
        starts(4);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
        starts(1);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.OPEN);

        assertThat(failure(start())).isEqualTo(ConnectFailure.BREAKER_OPEN);
        assertThat(scripted.starts()).as("none is tried").isEqualTo(10);
    }

    @Test
    void itHalfOpensLaterAndClosesWhenTheTrialsDoWell() throws Exception {
        fails(hangs);
        try (LogLines log = new LogLines(GuardedTransport.class)) {
            starts(GuardedTransport.FEWEST);
            opens();
            Wire.await("the breaker to try again", () -> !start().opened().isCompletedExceptionally());
            starts(GuardedTransport.TRIALS - 1);
            assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
            assertThat(log.take())
                    .containsExactly(
                            "WARN transport scripted: circuit breaker is open, was closed",
                            "WARN transport scripted: circuit breaker is half-open, was open",
                            "WARN transport scripted: circuit breaker is closed, was half-open");
        }
    }

    @Test
    void itOpensAgainWhenTheTrialsFail() throws Exception {
        fails(hangs);
        starts(GuardedTransport.FEWEST);
        Wire.await("the breaker to try again", () -> !failure(start()).equals(ConnectFailure.BREAKER_OPEN));
        starts(GuardedTransport.TRIALS - 1);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.OPEN);
    }

    /** Only a number of flows probe at once; the others use another transport meanwhile. */
    @Test
    void halfOpenItLetsAFewThrough() throws Exception {
        fails(hangs);
        starts(GuardedTransport.FEWEST);
        scripted.starts(new CompletableFuture<>());
        Wire.await("the breaker to try again", () -> !start().opened().isDone());
        starts(GuardedTransport.TRIALS - 1);
        assertThat(failure(start())).isEqualTo(ConnectFailure.BREAKER_OPEN);
        assertThat(scripted.starts()).isEqualTo(GuardedTransport.FEWEST + GuardedTransport.TRIALS);
    }

    @Test
    void refusalsByDestinationsDontCountAgainstTheTransport() {
        fails(refused);
        starts(100);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
    }

    /** An originator that connects to missing hosts, again and again, doesn't make the transport unavailable to others. */
    @Test
    void aSilentDestinationCountsOnce() {
        InetSocketAddress nobody = InetSocketAddress.createUnresolved("nobody", 1);
        fails(silent);
        for (int i = 0; i < 100; i++) {
            start(nobody, "app-" + i);
        }
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);

        for (int i = 0; i < GuardedTransport.FEWEST - 1; i++) {
            start("other-" + i);
        }
        assertThat(guarded.state()).as("the transport may be the cause").isEqualTo(GuardedTransport.State.OPEN);
    }

    /** Nor does an originator that scans for missing hosts, even if there are few other flows. */
    @Test
    void oneExecutableAloneDoesNotOpenIt() {
        fails(silent);
        starts(100, "scanner");
        opens();
        starts(GuardedTransport.FEWEST - GuardedTransport.MOST_OF_ONE);
        fails(silent);
        starts(100, "scanner");
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);

        starts(GuardedTransport.MOST_OF_ONE);
        assertThat(guarded.state()).as("others fail too").isEqualTo(GuardedTransport.State.OPEN);
    }

    /** It can't keep the breaker open either, because it makes no trial. */
    @Test
    void anExecutableWithSilentStartsMakesNoTrial() throws Exception {
        fails(silent);
        starts(1, "scanner");
        fails(hangs);
        starts(GuardedTransport.FEWEST);
        opens();
        Wire.await("the breaker to try again", () -> {
            assertThat(failure(start("scanner"))).isEqualTo(ConnectFailure.BREAKER_OPEN);
            return !start().opened().isCompletedExceptionally();
        });
        assertThat(failure(start("scanner"))).as("half-open").isEqualTo(ConnectFailure.BREAKER_OPEN);
        starts(GuardedTransport.TRIALS - 1);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
        assertThat(start("scanner").opened()).isCompleted();
    }

    /** It can't keep it open by simultaneous trials either: one trial of an executable counts, and others may try instead. */
    @Test
    void silentTrialsOfAnExecutableCountAsOne() throws Exception {
        fails(hangs);
        starts(GuardedTransport.FEWEST);
        CompletableFuture<UpstreamConnection> trial = new CompletableFuture<>();
        scripted.starts(trial);
        Wire.await("the breaker to try again", () -> !start("scanner").opened().isDone());
        starts(GuardedTransport.TRIALS - 1, "scanner");
        trial.completeExceptionally(silent);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.HALF_OPEN);

        opens();
        starts(GuardedTransport.TRIALS - 1);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
    }

    /** An originator that scans for missing hosts doesn't make plain sockets unavailable to others. */
    @Test
    void whereNothingStallsSilentDestinationsAreNoFailures() {
        scripted.neverStalls();
        fails(silent);
        starts(100);
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);

        fails(hangs);
        starts(100);
        assertThat(guarded.state()).as("its own failures count").isEqualTo(GuardedTransport.State.OPEN);
    }

    @Test
    void abandonedStartsDontCount() {
        for (int i = 0; i < 100; i++) {
            scripted.starts(new CompletableFuture<>());
            start().giveUp();
        }
        assertThat(guarded.state()).isEqualTo(GuardedTransport.State.CLOSED);
    }
}
