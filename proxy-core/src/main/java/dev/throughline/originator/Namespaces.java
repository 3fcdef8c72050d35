package dev.throughline.originator;

import java.util.OptionalLong;

/**
 * The Linux namespaces (namespaces(7)) of a process, each by its inode number: the same while any process is in it, and
 * given again after that.
 *
 * @param network where its addresses and ports are, unsigned
 * @param pid where its pid is counted for itself, unsigned; the pid of a {@link ProcessId} is the one that the hop sees
 */
public record Namespaces(OptionalLong network, OptionalLong pid) {
    /** Nothing is known: another system, or they may not be seen. */
    public static final Namespaces UNKNOWN = new Namespaces(OptionalLong.empty(), OptionalLong.empty());
}
