package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

import java.time.Duration;

/**
 * The reserve and the marks of a pool, relative to its capacity.
 *
 * @param reservePercent reserve for originators within their share, and number of guaranteed slots; 0 for none
 * @param softPercent soft mark: above it, idle flows are evicted
 * @param lowPercent low mark: eviction stops there; 100 evicts only for the requesting flow
 * @param idleFloor a flow that moved a byte within this time is never evicted
 */
public record PoolRule(int reservePercent, int softPercent, int lowPercent, Duration idleFloor) {
    /** A reserve of an eighth; evicts flows that are idle for a minute from seven eighths down to two thirds. */
    public static final PoolRule DEFAULT = new PoolRule(12, 88, 68, Duration.ofMinutes(1));

    /**
     * Checks that the marks are in order.
     *
     * @throws IllegalArgumentException if a percentage isn't 0 to 100, the low mark is above the soft one, or everything is
     *     reserved
     */
    public PoolRule {
        checkArgument(
                reservePercent >= 0 && reservePercent < 100, "reserve of %s percent, expected 0 to 99", reservePercent);
        checkArgument(
                softPercent >= 0 && softPercent <= 100, "soft mark at %s percent, expected 0 to 100", softPercent);
        checkArgument(
                lowPercent >= 0 && lowPercent <= softPercent,
                "low mark at %s percent, expected 0 to %s",
                lowPercent,
                softPercent);
        checkArgument(!idleFloor.isNegative(), "an idle floor of %s", idleFloor);
    }

    /**
     * Returns the number of slots of a pool with this capacity that aren't reserved: at least one, unless the capacity is 0.
     */
    int open(int capacity) {
        return Math.max(Math.min(1, capacity), capacity - share(capacity, reservePercent));
    }

    /** Returns the number of slots of a pool with this capacity that preemption guarantees. */
    int guaranteed(int capacity) {
        return capacity - open(capacity);
    }

    int soft(int capacity) {
        return share(capacity, softPercent);
    }

    int low(int capacity) {
        return share(capacity, lowPercent);
    }

    private static int share(int capacity, int percent) {
        return (int) ((long) capacity * percent / 100);
    }
}
