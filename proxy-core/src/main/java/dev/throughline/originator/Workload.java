package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * The environment of a process on its host: boot, cgroup, systemd unit, container, namespaces.
 *
 * @param bootId the boot of the host (16 bytes; Linux: /proc/sys/kernel/random/boot_id)
 * @param cgroup path of its cgroup (cgroups(7)), from the root of the hierarchy
 * @param unit its unit in the system's systemd, such as {@code nginx.service}; never a unit of a user's own manager, whose
 *     names the user can choose freely
 * @param container id of its container, as the runtime names it
 * @param pod uid of the Kubernetes pod of that container
 * @param namespaces its namespaces, on Linux
 */
public record Workload(
        Optional<Bytes> bootId,
        Optional<String> cgroup,
        Optional<String> unit,
        Optional<String> container,
        Optional<UUID> pod,
        Namespaces namespaces) {
    /** An unknown workload. */
    public static final Workload UNKNOWN = new Workload(Optional.empty(), Optional.empty());

    /** Checks the size of the boot id. */
    public Workload {
        Sizes.check(bootId, 16, "boot id");
    }

    /**
     * Creates a workload with a boot id and a cgroup, and nothing else.
     *
     * @param bootId the boot of the host (16 bytes)
     * @param cgroup path of the control group
     */
    public Workload(Optional<Bytes> bootId, Optional<String> cgroup) {
        this(bootId, cgroup, Optional.empty(), Optional.empty(), Optional.empty(), Namespaces.UNKNOWN);
    }

    /**
     * Returns this workload with a systemd unit.
     *
     * @param known the unit's name
     * @return the changed copy
     */
    public Workload withUnit(String known) {
        return new Workload(bootId, cgroup, Optional.of(known), container, pod, namespaces);
    }

    /**
     * Returns this workload with a container.
     *
     * @param id of the container
     * @param podUid uid of its Kubernetes pod, if it has one
     * @return the changed copy
     */
    public Workload withContainer(String id, Optional<UUID> podUid) {
        return new Workload(bootId, cgroup, unit, Optional.of(id), podUid, namespaces);
    }

    /**
     * Returns this workload with namespaces.
     *
     * @param known the namespaces
     * @return the changed copy
     */
    public Workload withNamespaces(Namespaces known) {
        return new Workload(bootId, cgroup, unit, container, pod, known);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Workload that
                && bootId.equals(that.bootId)
                && cgroup.equals(that.cgroup)
                && unit.equals(that.unit)
                && container.equals(that.container)
                && pod.equals(that.pod)
                && namespaces.equals(that.namespaces);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Objects.hash(bootId, cgroup, unit, container, pod, namespaces);
    }
}
