package dev.throughline.transport;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.budget.Account;
import dev.throughline.relay.InboundBuffer;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A transport with a circuit breaker: while its attempts fail or are slow, no further ones are made, and flows take another
 * transport at once. The breaker
 *
 * <ul>
 *   <li>opens when half of the attempts of the last {@link #WINDOW}, of at least {@link #FEWEST}, failed or took longer than
 *       {@link #SLOW},
 *   <li>half-opens {@link #PAUSE} later, for {@link #TRIALS} attempts,
 *   <li>and closes when fewer than half of these fail or are slow; otherwise it opens again.
 * </ul>
 *
 * <p>An attempt counts as failed if the transport is to blame. It doesn't count if this host has no descriptor, port or memory
 * for it, because it fails at once and the next one may succeed. It counts as successful if the destination refuses it. If the
 * destination answers late or not at all, the transport may be to blame if it can delay attempts, and never is otherwise; but so
 * may be the originator, which can connect to hosts that don't exist. To keep one originator from taking the transport from all
 * others, such a destination counts once in a window, an executable causes at most {@link #MOST_OF_ONE} of them (one while
 * half-open), and an executable that caused any makes no trial.
 */
public final class GuardedTransport implements Transport {
    public static final Duration WINDOW = Duration.ofSeconds(10);
    public static final int FEWEST = 10;
    public static final Duration SLOW = Duration.ofSeconds(1);
    public static final Duration PAUSE = Duration.ofSeconds(5);
    public static final int TRIALS = 3;
    /** Fewer than half of {@link #FEWEST}. */
    public static final int MOST_OF_ONE = 4;

    private static final int HALF_PERCENT = 50;
    private static final int MAX_SLOW = 1024;
    private static final Logger LOG = LoggerFactory.getLogger(GuardedTransport.class);

    /** The state of a circuit breaker. */
    public enum State {
        /** Makes every attempt. */
        CLOSED,
        /** Makes a few attempts, as a trial. */
        HALF_OPEN,
        /** Makes no attempts. */
        OPEN;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }
    }

    /** An executable of a user on a host. */
    private record Executable(String host, String user, String name) {
        static Executable of(Account who) {
            return new Executable(who.host(), who.user(), who.executable());
        }
    }

    private final Transport transport;
    private final CircuitBreaker breaker;
    /** Destinations that recently answered late or not at all. */
    private final Cache<InetSocketAddress, Boolean> slow = CacheBuilder.newBuilder()
            .maximumSize(MAX_SLOW)
            .expireAfterWrite(WINDOW)
            .build();

    /** How many of them an executable caused, so that it can't open the breaker alone. */
    private final Cache<Executable, Integer> silences = CacheBuilder.newBuilder()
            .maximumSize(MAX_SLOW)
            .expireAfterWrite(WINDOW)
            .build();

    /** Adds a breaker to {@code transport}. */
    public GuardedTransport(Transport transport) {
        this(transport, PAUSE);
    }

    GuardedTransport(Transport transport, Duration pause) {
        this.transport = transport;
        this.breaker = CircuitBreaker.of(transport.name(), config(pause));
        breaker.getEventPublisher()
                .onStateTransition(event -> LOG.warn(
                        "transport {}: circuit breaker is {}, was {}",
                        transport.name(),
                        state(event.getStateTransition().getToState()),
                        state(event.getStateTransition().getFromState())));
    }

    /** Uses a monotonic clock: with the host's, an open breaker stays open for as long as that clock is set back. */
    static CircuitBreakerConfig config(Duration pause) {
        return CircuitBreakerConfig.custom()
                .slidingWindow(Math.toIntExact(WINDOW.toSeconds()), FEWEST, SlidingWindowType.TIME_BASED)
                .failureRateThreshold(HALF_PERCENT)
                .slowCallRateThreshold(HALF_PERCENT)
                .slowCallDurationThreshold(SLOW)
                .waitDurationInOpenState(pause)
                .permittedNumberOfCallsInHalfOpenState(TRIALS)
                .maxWaitDurationInHalfOpenState(WINDOW)
                .writableStackTraceEnabled(false)
                .clock(new SteadyClock())
                .build();
    }

    /** Returns the state of the breaker. */
    public State state() {
        return state(breaker.getState());
    }

    /** Returns a snapshot. */
    public TransportView view() {
        return new TransportView(name(), carriesOriginator(), state(), transport.trouble());
    }

    private static State state(CircuitBreaker.State state) {
        return switch (state) {
            case CLOSED, DISABLED, METRICS_ONLY -> State.CLOSED;
            case HALF_OPEN -> State.HALF_OPEN;
            case OPEN, FORCED_OPEN -> State.OPEN;
        };
    }

    @Override
    public String name() {
        return transport.name();
    }

    @Override
    public boolean carriesOriginator() {
        return transport.carriesOriginator();
    }

    @Override
    public boolean isHeaderOptional() {
        return transport.isHeaderOptional();
    }

    @Override
    public boolean mayStall() {
        return transport.mayStall();
    }

    @Override
    public ConnectAttempt start(EventLoop loop, ConnectRequest request, InboundBuffer inbox) {
        if ((state() != State.CLOSED && silences(request) > 0) || !breaker.tryAcquirePermission()) {
            return new NotTried();
        }
        long began = System.nanoTime();
        ConnectAttempt start = transport.start(loop, request, inbox);
        start.opened().whenComplete((opened, problem) -> count(request, System.nanoTime() - began, problem));
        return start;
    }

    private void count(ConnectRequest request, long nanos, @Nullable Throwable problem) {
        if (problem == null && !mayStall()) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        } else if (problem == null && (nanos < SLOW.toNanos() || isNews(request))) {
            breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
        } else if (problem == null) {
            breaker.releasePermission();
        } else if (!(problem instanceof ConnectFailedException why)
                || why.reason().equals(ConnectFailedException.GIVEN_UP)
                || why.isShortage()) {
            breaker.releasePermission();
        } else if (why.blame() == ConnectFailedException.Blame.TRANSPORT) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, problem);
        } else if (!why.isSilence() || !mayStall()) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        } else if (isNews(request)) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, problem);
        } else {
            breaker.releasePermission();
        }
    }

    /** Counts a slow or silent destination, unless a limit is reached. Returns whether it did. Attempts end on several loops. */
    private synchronized boolean isNews(ConnectRequest request) {
        Executable executable = Executable.of(request.originator());
        int counted = silences(request);
        int most = state() == State.CLOSED ? MOST_OF_ONE : 1;
        if (counted >= most || slow.asMap().putIfAbsent(request.destination(), true) != null) {
            return false;
        }
        silences.put(executable, counted + 1);
        return true;
    }

    /** Returns how many slow or silent destinations count for an executable. */
    private int silences(ConnectRequest request) {
        Integer counted = silences.getIfPresent(Executable.of(request.originator()));
        return counted == null ? 0 : counted;
    }

    /** An attempt that fails because the breaker is open. */
    private record NotTried() implements ConnectAttempt {
        @Override
        public CompletableFuture<UpstreamConnection> opened() {
            return CompletableFuture.failedFuture(ConnectFailedException.of(
                    ConnectFailedException.BREAKER_OPEN, "its last starts failed or were slow"));
        }

        @Override
        public CompletableFuture<Void> released() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void giveUp() {}
    }
}
