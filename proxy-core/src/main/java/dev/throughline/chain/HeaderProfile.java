package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * Size limit and hidden details of headers to a next hop.
 *
 * @param maxBytes limit of the whole header with its 16 fixed bytes; at most 4096
 * @param keptBack details that the next hop must not see: they are closed
 */
public record HeaderProfile(int maxBytes, Set<Detail.Kind> keptBack) {
    /** The profile for hops of this project; nginx (stream, TLS) also reads 4096 bytes. */
    public static final HeaderProfile NORMAL = new HeaderProfile(4096, Set.of());

    /** The profile for other receivers: nginx reads the header of an HTTP connection into 1024 bytes. */
    public static final HeaderProfile LEGACY = new HeaderProfile(1024, Set.of());

    /**
     * Checks the size, and copies the kinds.
     *
     * @throws IllegalArgumentException unless it is 256 to 4096 bytes
     */
    public HeaderProfile {
        checkArgument(maxBytes >= 256 && maxBytes <= 4096, "a header has 256 to 4096 bytes: %s", maxBytes);
        // In the order of the enum, so that equal profiles close details in the same order.
        keptBack = keptBack.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(keptBack));
    }

    /**
     * Returns a profile of the same size with other hidden details.
     *
     * @param kinds all hidden details
     * @return the profile
     */
    public HeaderProfile keepingBack(Set<Detail.Kind> kinds) {
        return new HeaderProfile(maxBytes, kinds);
    }
}
