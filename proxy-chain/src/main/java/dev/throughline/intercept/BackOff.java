package dev.throughline.intercept;

import java.time.Duration;

/**
 * When to repair what another program undoes each time: at once at first, then after 1 s, 2 s, up to a minute. A repair that
 * lasted for 3 s counts as successful, and the next one is made at once again. Times are those of {@link System#nanoTime}.
 */
final class BackOff {
    private static final long FIRST = Duration.ofSeconds(1).toNanos();
    private static final long MOST = Duration.ofMinutes(1).toNanos();
    private static final long LASTING = Duration.ofSeconds(3).toNanos();
    private static final int MAX_DOUBLINGS = 10;

    private int attempts;
    private boolean failing;
    private long last;

    /** The number of repairs in a row that did not last. */
    int attempts() {
        return attempts;
    }

    /** Something is broken that was whole until now. */
    void lost(long now) {
        if (attempts > 0 && now - last >= LASTING) {
            attempts = 0;
        }
    }

    /** The time until the next attempt may be made; zero or less if it may be made now. */
    Duration left(long now) {
        return attempts == 0 && !failing ? Duration.ZERO : Duration.ofNanos(last + delay() - now);
    }

    void attempted(long now) {
        attempts++;
        failing = false;
        last = now;
    }

    /** The last attempt could not be made, which nobody undid: it is repeated each second. */
    void failed() {
        attempts--;
        failing = true;
    }

    private long delay() {
        return failing ? FIRST : Math.min(MOST, FIRST << Math.min(attempts - 1, MAX_DOUBLINGS));
    }
}
