package dev.throughline.originator;

import java.util.Optional;

/**
 * For whom the process ran.
 *
 * @param userName name of the real user on the originating host
 */
public record Person(Optional<String> userName) {
    /** Nothing is known. */
    public static final Person UNKNOWN = new Person(Optional.empty());
}
