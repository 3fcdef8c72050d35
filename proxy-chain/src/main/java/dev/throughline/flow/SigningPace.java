package dev.throughline.flow;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The limit for signatures of a hop: at once after an idle moment, and under load at most once each interval for all event
 * loops. A signature costs as much as sixty headers, and each batch needs only one. Thread-safe.
 */
final class SigningPace {
    private final long interval;
    private final AtomicLong free;

    /**
     * Creates an idle pace.
     *
     * @param now current time of the clock that {@link #take} gets, in nanoseconds
     */
    SigningPace(Duration interval, long now) {
        this.interval = interval.toNanos();
        this.free = new AtomicLong(now);
    }

    /** Takes the next turn. Returns its time, which is {@code now} if it is at once. */
    long take(long now) {
        while (true) {
            long next = free.get();
            long turn = next - now > 0 ? next : now;
            if (free.compareAndSet(next, turn + interval)) {
                return turn;
            }
        }
    }
}
