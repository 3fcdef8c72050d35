package dev.throughline.flow;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How often a hop signs: at once after an idle moment, and under load at most once each interval, however many event loops
 * ask. A signature costs as much as sixty headers, and each waiting batch needs only one. Safe for use by several threads.
 */
final class SigningPace {
    private final long interval;
    private final AtomicLong free;

    /**
     * Begins idle.
     *
     * @param now of the clock by which turns are asked for, in nanoseconds
     */
    SigningPace(Duration interval, long now) {
        this.interval = interval.toNanos();
        this.free = new AtomicLong(now);
    }

    /** Takes the next turn: when it is, {@code now} if it is at once. */
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
