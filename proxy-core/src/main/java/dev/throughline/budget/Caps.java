package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * The maximum numbers of concurrent flows of a class.
 *
 * @param process for each process
 * @param executable for each executable of a user
 * @param user for each user of a host
 * @param destination for each destination, an address or host name
 * @param executableAndDestination for each executable of a user and destination
 */
public record Caps(int process, int executable, int user, int destination, int executableAndDestination) {
    /** The value for "no cap". */
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

    /**
     * Compared here, because the generated equals is slow without the optimizing compiler.
     *
     * @return whether there is no cap
     */
    public boolean isOpen() {
        return process == NONE
                && executable == NONE
                && user == NONE
                && destination == NONE
                && executableAndDestination == NONE;
    }
}
