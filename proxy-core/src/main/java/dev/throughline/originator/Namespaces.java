package dev.throughline.originator;

import java.util.Objects;
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

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Namespaces that && network.equals(that.network) && pid.equals(that.pid);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Objects.hash(network, pid);
    }
}
