package dev.throughline.intercept;

import java.time.Duration;

/**
 * The back-off for repairs that another program keeps undoing: five immediate repairs, then delays of 1 s, 2 s, up to a
 * minute. A repair that lasts for 2 s resets the back-off. Times are those of {@link System#nanoTime}.
 */
final class BackOff {
    private static final long FIRST = Duration.ofSeconds(1).toNanos();
    private static final long MOST = Duration.ofMinutes(1).toNanos();
    private static final long LASTING = Duration.ofSeconds(2).toNanos();
    private static final int AT_ONCE = 5;
    private static final int MAX_DOUBLINGS = 10;

    private int attempts;
    private boolean failing;
    private long last;

    /** Returns the number of consecutive repairs that did not last. */
    int attempts() {
        return attempts;
    }

    /** Records a new failure. */
    void lost(long now) {
        if (attempts > 0 && now - last >= LASTING) {
            attempts = 0;
        }
    }

    /** Returns the time until the next attempt is allowed; zero or less if it is allowed now. */
    Duration left(long now) {
        return attempts < AT_ONCE && !failing ? Duration.ZERO : Duration.ofNanos(last + delay() - now);
    }

    void attempted(long now) {
        attempts++;
        failing = false;
        last = now;
    }

    /** Records an attempt that failed by itself, rather than being undone: it is repeated each second. */
    void failed() {
        attempts--;
        failing = true;
    }

    private long delay() {
        return failing ? FIRST : Math.min(MOST, FIRST << Math.min(attempts - AT_ONCE, MAX_DOUBLINGS));
    }
}
