package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * How many flows of a class there may be at once.
 *
 * @param process of one process
 * @param executable of one executable of a user
 * @param user of one user of a host
 * @param destination to one address or host name
 * @param executableAndDestination of one executable of a user to one destination
 */
public record Caps(int process, int executable, int user, int destination, int executableAndDestination) {
    /** The number that means "no cap". */
    public static final int NONE = Integer.MAX_VALUE;

    /** No caps. */
    public static final Caps OPEN = new Caps(NONE, NONE, NONE, NONE, NONE);

    /**
     * Checks the caps.
     *
     * @throws IllegalArgumentException if one is below 1
     */
    public Caps {
        checkArgument(
                Math.min(Math.min(process, executable), Math.min(user, Math.min(destination, executableAndDestination)))
                        >= 1,
                "a cap below 1");
    }
}
