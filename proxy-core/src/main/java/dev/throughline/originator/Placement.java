package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Optional;

/**
 * Where on its host the process ran.
 *
 * @param bootId the boot of the host (16 bytes; Linux: /proc/sys/kernel/random/boot_id)
 * @param cgroup path of its cgroup (cgroups(7)), from the root of the hierarchy
 */
public record Placement(Optional<Bytes> bootId, Optional<String> cgroup) {
    /** Nothing is known. */
    public static final Placement UNKNOWN = new Placement(Optional.empty(), Optional.empty());
}
