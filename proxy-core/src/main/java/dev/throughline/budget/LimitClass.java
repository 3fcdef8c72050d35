package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

import java.time.Duration;

/**
 * Limits for a class of flows. Policy rules assign flows to classes.
 *
 * @param name name in the policy
 * @param caps caps for its flows
 * @param fallsOver whether a flow may take the next way when the first is full
 * @param longestWait how long a flow may wait for a place; zero if it is refused at once
 */
public record LimitClass(String name, Caps caps, boolean fallsOver, Duration longestWait) {
    /** How long a flow waits unless a class says otherwise. */
    public static final Duration DEFAULT_WAIT = Duration.ofSeconds(3);

    /** The class of flows to which no rule assigns one. */
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
