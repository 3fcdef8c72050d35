package dev.throughline.transport;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.relay.Inbox;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A transport with a breaker: while its starts fail or are slow, no more are tried, and flows go another way at once. It
 *
 * <ul>
 *   <li>opens when of the starts of the last {@link #WINDOW}, at least {@link #FEWEST}, half failed or took longer than
 *       {@link #SLOW},
 *   <li>half-opens {@link #PAUSE} later, for {@link #TRIALS} starts,
 *   <li>and closes when fewer than half of these fail or are slow; otherwise it opens again.
 * </ul>
 *
 * <p>A start fails if that is the transport's fault. What a destination refuses was started well; one that answers late
 * or not at all counts once in a window, and not at all where the transport can't hold a start up, so that whoever connects to nobody doesn't take the transport from all others.
 */
public final class GuardedTransport implements Transport {
    public static final Duration WINDOW = Duration.ofSeconds(10);
    public static final int FEWEST = 10;
    public static final Duration SLOW = Duration.ofSeconds(1);
    public static final Duration PAUSE = Duration.ofSeconds(5);
    public static final int TRIALS = 3;

    private static final int HALF_PERCENT = 50;
    private static final int MAX_SLOW = 1024;
    private static final Logger LOG = LoggerFactory.getLogger(GuardedTransport.class);

    /** What a breaker lets through. */
    public enum State {
        /** Every start. */
        CLOSED,
        /** A few, for trial. */
        HALF_OPEN,
        /** None. */
        OPEN;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }
    }

    private final Transport transport;
    private final CircuitBreaker breaker;
    /** Destinations that lately answered late or not at all. */
    private final Cache<InetSocketAddress, Boolean> slow = CacheBuilder.newBuilder()
            .maximumSize(MAX_SLOW)
            .expireAfterWrite(WINDOW)
            .build();

    /** Guards {@code transport}. */
    public GuardedTransport(Transport transport) {
        this(transport, PAUSE);
    }

    GuardedTransport(Transport transport, Duration pause) {
        this.transport = transport;
        this.breaker = CircuitBreaker.of(
                transport.name(),
                CircuitBreakerConfig.custom()
                        .slidingWindow(Math.toIntExact(WINDOW.toSeconds()), FEWEST, SlidingWindowType.TIME_BASED)
                        .failureRateThreshold(HALF_PERCENT)
                        .slowCallRateThreshold(HALF_PERCENT)
                        .slowCallDurationThreshold(SLOW)
                        .waitDurationInOpenState(pause)
                        .permittedNumberOfCallsInHalfOpenState(TRIALS)
                        .maxWaitDurationInHalfOpenState(WINDOW)
                        .writableStackTraceEnabled(false)
                        .build());
        breaker.getEventPublisher()
                .onStateTransition(event -> LOG.warn(
                        "transport {}: its breaker is {} now, and was {}",
                        transport.name(),
                        state(event.getStateTransition().getToState()),
                        state(event.getStateTransition().getFromState())));
    }

    /** What it lets through now. */
    public State state() {
        return state(breaker.getState());
    }

    /** The transport as it is now. */
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
    public Start start(EventLoop loop, InetSocketAddress destination, Optional<Bytes> handle, Inbox inbox) {
        if (!breaker.tryAcquirePermission()) {
            return new NotTried();
        }
        long began = System.nanoTime();
        Start start = transport.start(loop, destination, handle, inbox);
        start.opened().whenComplete((opened, problem) -> count(destination, System.nanoTime() - began, problem));
        return start;
    }

    private void count(InetSocketAddress destination, long nanos, @Nullable Throwable problem) {
        if (problem == null && !mayStall()) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        } else if (problem == null && (nanos < SLOW.toNanos() || isNews(destination))) {
            breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
        } else if (problem == null) {
            breaker.releasePermission();
        } else if (!(problem instanceof NotOpened why) || why.reason().equals(NotOpened.GIVEN_UP)) {
            breaker.releasePermission();
        } else if (why.blame() == NotOpened.Blame.TRANSPORT) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, problem);
        } else if (!why.isSilence() || !mayStall()) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        } else if (isNews(destination)) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, problem);
        } else {
            breaker.releasePermission();
        }
    }

    /** Whether a destination that is slow or silent wasn't lately. */
    private boolean isNews(InetSocketAddress destination) {
        return slow.asMap().putIfAbsent(destination, true) == null;
    }

    /** What is started while the breaker is open. */
    private record NotTried() implements Start {
        @Override
        public CompletableFuture<Opened> opened() {
            return CompletableFuture.failedFuture(
                    NotOpened.of(NotOpened.BREAKER_OPEN, "its last starts failed or were slow"));
        }

        @Override
        public CompletableFuture<Void> released() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void giveUp() {}
    }
}
