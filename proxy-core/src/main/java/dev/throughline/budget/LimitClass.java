package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

import java.time.Duration;

/**
 * Limits for a class of flows. Policy rules assign flows to classes.
 *
 * @param name name in the policy
 * @param caps caps for its flows
 * @param fallsOver whether a flow may use the next alternative when the first is full
 * @param longestWait how long a flow may wait for a slot; zero refuses it at once
 */
public record LimitClass(String name, Caps caps, boolean fallsOver, Duration longestWait) {
    /** The wait of flows unless their class specifies another. */
    public static final Duration DEFAULT_WAIT = Duration.ofSeconds(3);

    /** The class of flows without a class of their own. */
    public static final LimitClass DEFAULT = new LimitClass("default", Caps.OPEN, true, DEFAULT_WAIT);

    /**
     * Checks the wait.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public LimitClass {
        checkArgument(!longestWait.isNegative(), "a wait of %s", longestWait);
    }
}
