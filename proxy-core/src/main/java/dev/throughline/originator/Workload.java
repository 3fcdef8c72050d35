package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Optional;
import java.util.UUID;

/**
 * Where on its host the process ran.
 *
 * @param bootId the boot of the host (16 bytes; Linux: /proc/sys/kernel/random/boot_id)
 * @param cgroup path of its cgroup (cgroups(7)), from the root of the hierarchy
 * @param unit the unit of the system's systemd that it belongs to, such as {@code nginx.service}; never one of a user's own
 *     manager, who may call his units anything
 * @param container id of the container that it ran in, as the runtime names it
 * @param pod uid of the Kubernetes pod of that container
 * @param namespaces that it was in, on Linux
 */
public record Workload(
        Optional<Bytes> bootId,
        Optional<String> cgroup,
        Optional<String> unit,
        Optional<String> container,
        Optional<UUID> pod,
        Namespaces namespaces) {
    /** Nothing is known. */
    public static final Workload UNKNOWN = new Workload(Optional.empty(), Optional.empty());

    /** Checks the size of what has one. */
    public Workload {
        Sizes.check(bootId, 16, "boot id");
    }

    /**
     * A workload with a boot id and a control group, and nothing else.
     *
     * @param bootId the boot of the host (16 bytes)
     * @param cgroup path of the control group
     */
    public Workload(Optional<Bytes> bootId, Optional<String> cgroup) {
        this(bootId, cgroup, Optional.empty(), Optional.empty(), Optional.empty(), Namespaces.UNKNOWN);
    }

    /**
     * The same place, in a unit.
     *
     * @param known the unit's name
     * @return with this unit
     */
    public Workload withUnit(String known) {
        return new Workload(bootId, cgroup, Optional.of(known), container, pod, namespaces);
    }

    /**
     * The same place, in a container.
     *
     * @param id of the container
     * @param podUid of its pod, if it is in one
     * @return with both
     */
    public Workload withContainer(String id, Optional<UUID> podUid) {
        return new Workload(bootId, cgroup, unit, Optional.of(id), podUid, namespaces);
    }

    /**
     * The same place, in these namespaces.
     *
     * @param known the namespaces
     * @return with them
     */
    public Workload withNamespaces(Namespaces known) {
        return new Workload(bootId, cgroup, unit, container, pod, known);
    }
}
