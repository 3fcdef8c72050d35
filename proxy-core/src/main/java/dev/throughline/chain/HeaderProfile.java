package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import java.util.Set;

/**
 * What a next hop takes, and what it may know.
 *
 * @param maxBytes the whole header, the 16 fixed bytes included; at most 4096
 * @param keptBack details that must not go there: they are closed before the header leaves
 */
public record HeaderProfile(int maxBytes, ImmutableSet<Detail.Kind> keptBack) {
    /** Hops of ours; nginx (stream, TLS) reads as many bytes as well. */
    public static final HeaderProfile NORMAL = new HeaderProfile(4096, ImmutableSet.of());

    /** Receivers of others: nginx reads an HTTP connection's header into 1024 bytes. */
    public static final HeaderProfile LEGACY = new HeaderProfile(1024, ImmutableSet.of());

    /**
     * Checks the size.
     *
     * @throws IllegalArgumentException unless it is 256 to 4096 bytes
     */
    public HeaderProfile {
        checkArgument(maxBytes >= 256 && maxBytes <= 4096, "a header has 256 to 4096 bytes: %s", maxBytes);
    }

    /**
     * The same, for a next hop that may not know these details.
     *
     * @param kinds all that it may not know
     * @return a profile of the same size
     */
    public HeaderProfile keepingBack(Set<Detail.Kind> kinds) {
        return new HeaderProfile(maxBytes, Sets.immutableEnumSet(kinds));
    }
}
