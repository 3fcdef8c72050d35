package dev.throughline.transport;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.budget.Account;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A transport with a circuit breaker. While its connects fail or are slow, none are tried, and flows use another transport at
 * once. The breaker
 *
 * <ul>
 *   <li>opens when of the connects of the last {@link #WINDOW}, at least {@link #FEWEST}, half failed or took longer than {@link
 *       #SLOW},
 *   <li>half-opens after {@link #PAUSE}, for {@link #TRIALS} connects,
 *   <li>and closes when fewer than half of these fail or are slow; otherwise it opens again.
 * </ul>
 *
 * <p>A connect fails if the transport is at fault. A connect for which this host lacks a descriptor, port or memory does not
 * count: it fails at once, and the next one may succeed. A connect that the destination refuses counts as a success. If a
 * destination answers late or not at all, a transport that can stall may be at fault, or the application that chose the
 * destination. So such a destination counts once in a window, at most {@link #MOST_OF_ONE} of one executable count (one in
 * trials), and an executable with such destinations gets no trial: otherwise an application that scans for hosts could disable
 * the transport for all others.
 */
public final class GuardedTransport implements MeterBinder, Transport {
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

    /** State of the breaker. */
    public enum State {
        /** Admits all connects. */
        CLOSED,
        /** Admits a few connects, as trials. */
        HALF_OPEN,
        /** Admits none. */
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
    private final AtomicReference<State> logged = new AtomicReference<>(State.CLOSED);
    /** Destinations that recently answered late or not at all. */
    private final Cache<InetSocketAddress, Boolean> slow = CacheBuilder.newBuilder()
            .maximumSize(MAX_SLOW)
            .expireAfterWrite(WINDOW)
            .build();

    /** Number of these destinations by executable. One executable alone can't open the breaker. */
    private final Cache<Executable, Integer> silences = CacheBuilder.newBuilder()
            .maximumSize(MAX_SLOW)
            .expireAfterWrite(WINDOW)
            .build();

    /** Creates a breaker for {@code transport}. */
    public GuardedTransport(Transport transport) {
        this(transport, PAUSE);
    }

    GuardedTransport(Transport transport, Duration pause) {
        this.transport = transport;
        this.breaker = CircuitBreaker.of(transport.name(), config(pause));
    }

    /**
     * Logs a change of the state. The breaker has no listener for it: with one, it creates an event with the time of day for each
     * connect, which costs more than the rest of its work.
     */
    private void logChange() {
        State now = state();
        if (now != logged.get()) {
            State before = logged.getAndSet(now);
            if (now != before) {
                LOG.warn("transport {}: circuit breaker is {}, was {}", name(), now, before);
            }
        }
    }

    /**
     * Returns the configuration, with a clock that can't be set: otherwise an open breaker would stay open for as long as the
     * host's clock is set back.
     */
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

    /** Returns the current state. */
    public State state() {
        return state(breaker.getState());
    }

    /** Returns a snapshot of the transport. */
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
    public ConnectAttempt start(EventLoop loop, ConnectRequest request, ConnectResult result) {
        boolean mayStart = (state() == State.CLOSED || silences(request) == 0) && breaker.tryAcquirePermission();
        logChange();
        if (!mayStart) {
            result.failed(
                    ConnectFailedException.of(ConnectFailure.BREAKER_OPEN, "its last starts failed or were slow"));
            return ConnectAttempt.NOT_STARTED;
        }
        return transport.start(loop, request, new Counted(request, result));
    }

    /** Counts the result of a connect before passing it on. */
    private final class Counted implements ConnectResult {
        private final ConnectRequest request;
        private final ConnectResult result;
        private final long began = System.nanoTime();

        Counted(ConnectRequest request, ConnectResult result) {
            this.request = request;
            this.result = result;
        }

        @Override
        public void opened(UpstreamConnection connection) {
            count(request, System.nanoTime() - began, null);
            logChange();
            result.opened(connection);
        }

        @Override
        public void failed(ConnectFailedException why) {
            count(request, System.nanoTime() - began, why);
            logChange();
            result.failed(why);
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (State state : State.values()) {
            Gauge.builder("throughline.transport.breaker", this, guarded -> guarded.state() == state ? 1 : 0)
                    .description(
                            "1 for the current state of the circuit breaker: closed admits all connects, open none")
                    .tags("transport", name(), "state", state.toString())
                    .register(registry);
        }
    }

    private void count(ConnectRequest request, long nanos, @Nullable ConnectFailedException why) {
        if (why == null && !mayStall()) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        } else if (why == null && (nanos < SLOW.toNanos() || countSlow(request))) {
            breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
        } else if (why == null) {
            breaker.releasePermission();
        } else if (why.failure() == ConnectFailure.GIVEN_UP || why.failure().isShortage()) {
            breaker.releasePermission();
        } else if (why.failure().blame() == ConnectFailure.Blame.TRANSPORT) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, why);
        } else if (!why.failure().isSilence() || !mayStall()) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        } else if (countSlow(request)) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, why);
        } else {
            breaker.releasePermission();
        }
    }

    /**
     * Returns whether a slow or silent destination counts, and counts it. Synchronized, as connects end on several event loops.
     */
    private synchronized boolean countSlow(ConnectRequest request) {
        Executable executable = Executable.of(request.originator());
        int counted = silences(request);
        int most = state() == State.CLOSED ? MOST_OF_ONE : 1;
        if (counted >= most || slow.asMap().putIfAbsent(request.destination(), true) != null) {
            return false;
        }
        silences.put(executable, counted + 1);
        return true;
    }

    /** Returns how many slow or silent destinations of this executable counted recently. */
    private int silences(ConnectRequest request) {
        Integer counted = silences.getIfPresent(Executable.of(request.originator()));
        return counted == null ? 0 : counted;
    }
}
