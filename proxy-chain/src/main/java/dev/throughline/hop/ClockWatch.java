package dev.throughline.hop;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
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
 * A detector of steps of the host's clock. It works by comparing it with a clock that can't be set. Both run at the same pace
 * (adjtimex(2) slews both), so their difference changes only when the first one is set. Thread-safe.
 *
 * <p>A step must be noticed before the next header is verified or signed: after a step back, headers that were captured and
 * never delivered are fresh again. So each flow checks, and the check must be cheap. It reads the monotonic clock, which takes a
 * tenth of the boot clock's system call. The monotonic clock runs like the boot clock, except that it stops while the host is
 * suspended; the time it lost is added. A suspension therefore looks like a step of the clock, and only then is the boot clock
 * read, which says what it was.
 */
final class ClockWatch implements MeterBinder {
    /** Smaller steps are within the usual skew of clocks. */
    static final Duration SMALLEST = Duration.ofMillis(500);

    private static final long SMALLEST_MILLIS = SMALLEST.toMillis();
    private static final Logger LOG = LoggerFactory.getLogger(ClockWatch.class);
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Clock clock;
    private final LongSupplier bootNanos;
    private final LongSupplier monotonicNanos;
    private final Consumer<Instant> whenSet;
    private final LongAdder forward = new LongAdder();
    private final LongAdder back = new LongAdder();
    /** The clock minus the boot clock, in milliseconds. */
    private volatile long difference;
    /** The boot clock minus the monotonic one, in milliseconds: how long the host was suspended. */
    private volatile long suspended;

    /**
     * Starts to compare.
     *
     * @param clock that may be set
     * @param bootNanos a clock that can't be set and includes suspended time, in nanoseconds from any origin
     * @param monotonicNanos a clock that can't be set and is cheap to read, in nanoseconds from any origin
     * @param whenSet gets the new time whenever the clock was set, before {@link #check} returns in any thread
     */
    ClockWatch(Clock clock, LongSupplier bootNanos, LongSupplier monotonicNanos, Consumer<Instant> whenSet) {
        this.clock = clock;
        this.bootNanos = bootNanos;
        this.monotonicNanos = monotonicNanos;
        this.whenSet = whenSet;
        this.difference = clock.millis() - bootMillis();
        this.suspended = bootMillis() - monotonicMillis();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.clock.steps", this, ClockWatch::stepsForward)
                .description("Times that the clock of the host was set")
                .tag("direction", "forward")
                .register(registry);
        FunctionCounter.builder("throughline.clock.steps", this, ClockWatch::stepsBack)
                .description("Times that the clock of the host was set")
                .tag("direction", "back")
                .register(registry);
    }

    /** Compares the clocks. Called before each decision that depends on the time. */
    void check() {
        // One reading of each clock suffices here: a pause between them may look like a step back, which checkAgain
        // excludes.
        if (Math.abs(clock.millis() - difference - suspended - monotonicMillis()) >= SMALLEST_MILLIS) {
            checkAgain();
        }
    }

    /**
     * Compares with the boot clock. Called every second: for the log, and to notice that the clock was set back by as much as the
     * host was suspended, which {@link #check} can't see.
     */
    synchronized void checkAgain() {
        adjustSuspended();
        long step = stepMillis();
        if (Math.abs(step) < SMALLEST_MILLIS) {
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

    /** Returns by how many milliseconds the clock was set since the last check, at least: the thread may have paused. */
    private long stepMillis() {
        long before = bootMillis();
        long now = clock.millis() - difference;
        long after = bootMillis();
        return now > after ? now - after : Math.min(0, now - before);
    }

    /** Adjusts {@link #suspended} as little as the readings require: the thread may have paused between them. */
    private void adjustSuspended() {
        long before = monotonicMillis();
        long boot = bootMillis();
        long after = monotonicMillis();
        suspended = Math.clamp(suspended, boot - after, boot - before);
    }

    private long monotonicMillis() {
        return monotonicNanos.getAsLong() / NANOS_PER_MILLI;
    }

    private long bootMillis() {
        return bootNanos.getAsLong() / NANOS_PER_MILLI;
    }

    /** Returns how often the clock was set forward. */
    long stepsForward() {
        return forward.sum();
    }

    /** Returns how often the clock was set back. */
    long stepsBack() {
        return back.sum();
    }
}
