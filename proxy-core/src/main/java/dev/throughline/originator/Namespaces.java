package dev.throughline.originator;

import java.util.OptionalLong;

/**
 * The Linux namespaces (namespaces(7)) of a process, by inode number. The kernel reuses a number once the namespace is gone.
 *
 * @param network the network namespace, unsigned
 * @param pid the pid namespace, unsigned; the pid in a {@link ProcessId} is the one that the hop sees
 */
public record Namespaces(OptionalLong network, OptionalLong pid) {
    /** Unknown namespaces: another system, or no permission to read them. */
    public static final Namespaces UNKNOWN = new Namespaces(OptionalLong.empty(), OptionalLong.empty());
}
