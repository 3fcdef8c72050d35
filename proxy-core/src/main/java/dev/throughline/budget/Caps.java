package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * How many flows of a class there may be at once, of one each.
 *
 * @param process instance
 * @param executable of one user
 * @param user of one host
 * @param destination address or host name
 * @param executableAndDestination of one user
 */
public record Caps(int process, int executable, int user, int destination, int executableAndDestination) {
    /** The number that means "no cap". */
    public static final int NONE = Integer.MAX_VALUE;

    /** No caps. */
    public static final Caps OPEN = new Caps(NONE, NONE, NONE, NONE, NONE);

    /**
     * Checks that each lets a flow go.
     *
     * @throws IllegalArgumentException if one isn't at least 1
     */
    public Caps {
        checkArgument(
                Math.min(Math.min(process, executable), Math.min(user, Math.min(destination, executableAndDestination)))
                        >= 1,
                "a cap below 1");
    }
}
