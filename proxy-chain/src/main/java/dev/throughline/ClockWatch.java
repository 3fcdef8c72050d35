package dev.throughline;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A detector of steps of the host's wall clock. It compares the wall clock with the boot clock, which can't be set.
 * Both run at the same pace (adjtimex(2) slews both), so their difference changes only when the wall clock is set.
 * Thread-safe.
 */
final class ClockWatch {
    /** Smaller steps are within the usual clock skew. */
    static final Duration SMALLEST = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(ClockWatch.class);
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Clock clock;
    private final LongSupplier bootNanos;
    private final Consumer<Instant> whenSet;
    private final LongAdder forward = new LongAdder();
    private final LongAdder back = new LongAdder();
    private volatile long difference;

    /**
     * Starts watching.
     *
     * @param clock the wall clock
     * @param bootNanos a monotonic clock in nanoseconds, with any origin
     * @param whenSet called with the new time after each step, before {@link #check} returns in any thread
     */
    ClockWatch(Clock clock, LongSupplier bootNanos, Consumer<Instant> whenSet) {
        this.clock = clock;
        this.bootNanos = bootNanos;
        this.whenSet = whenSet;
        this.difference = clock.millis() - bootMillis();
    }

    /** Compares the clocks. Call it before each decision that depends on the time, and every second for the log. */
    void check() {
        if (Math.abs(stepMillis()) >= SMALLEST.toMillis()) {
            checkAgain();
        }
    }

    private synchronized void checkAgain() {
        long step = stepMillis();
        if (Math.abs(step) < SMALLEST.toMillis()) {
            return;
        }
        Instant now = Instant.ofEpochMilli(clock.millis());
        whenSet.accept(now);
        difference += step;
        (step > 0 ? forward : back).increment();
        LOG.warn(
                "clock stepped {} by {} s: headers issued before {} are rejected, as after a restart",
                step > 0 ? "forward" : "back",
                String.format(Locale.ROOT, "%.1f", Math.abs(step) / 1000.0),
                now);
    }

    /**
     * Returns the step since the last check in milliseconds. It is a lower bound, as the thread may have paused between
     * reading the two clocks.
     */
    private long stepMillis() {
        long before = bootMillis();
        long now = clock.millis() - difference;
        long after = bootMillis();
        return now > after ? now - after : Math.min(0, now - before);
    }

    private long bootMillis() {
        return bootNanos.getAsLong() / NANOS_PER_MILLI;
    }

    /** Returns the number of forward steps. */
    long stepsForward() {
        return forward.sum();
    }

    /** Returns the number of backward steps. */
    long stepsBack() {
        return back.sum();
    }
}
