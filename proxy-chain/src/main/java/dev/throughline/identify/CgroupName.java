package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.Workload;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The unit, container and pod of processes, from the path of their cgroup as systemd, Docker, containerd, CRI-O and Podman name
 * it. The outermost name counts: a user's manager or a process in a container can create cgroups below its own and name them
 * freely.
 *
 * @param path for display; empty if there is none, or if it is too long
 * @param unit the unit of the system's own manager, as in sd_pid_get_unit(3)
 * @param container id of the container; below a user's manager (unit {@code user@UID.service}) the user can forge it
 * @param pod uid of the pod
 */
record CgroupName(Optional<String> path, Optional<String> unit, Optional<String> container, Optional<UUID> pod) {
    /** An unknown cgroup. */
    static final CgroupName UNKNOWN =
            new CgroupName(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    private static final int MAX_PATH_BYTES = 256;
    private static final int MAX_UNIT_BYTES = 255;

    private static final String PLAIN = "[A-Za-z0-9:_.\\\\-]+";
    private static final Pattern SLICE = Pattern.compile(PLAIN + "\\.slice");
    /** With or without an instance; a template ({@code a@.service}) has no processes. */
    private static final Pattern UNIT = Pattern.compile(PLAIN
            + "(?:@[A-Za-z0-9:_.\\\\@-]+)?\\.(?:service|socket|target|device|mount|automount|swap|timer|path|scope)");

    private static final String ID = "([0-9a-f]{64})";
    /**
     * The id alone, with a prefix for the runtime, or with the slice that containerd prepends if it is given a slice but
     * creates plain cgroups. The cgroup of the monitor of CRI-O and Podman (conmon) isn't the container.
     */
    private static final Pattern CONTAINER = Pattern.compile("(?:(?:docker|cri-containerd|nerdctl|crio|libpod)-)?" + ID
            + "(?:\\.scope)?" + "|[^:]*:(?:cri-containerd|docker|crio|libpod):" + ID);

    private static final String UID = "([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})";
    private static final Pattern POD_SLICE =
            Pattern.compile("(?:[A-Za-z0-9_]+-)*kubepods(?:-burstable|-besteffort)?-pod" + UID + "\\.slice(?::.*)?");
    private static final Pattern POD = Pattern.compile("pod" + UID);

    /** Parses a path from /proc/PID/cgroup. */
    static CgroupName of(byte[] path) {
        // The path may have any bytes, but all names that are recognised are ASCII.
        List<String> parts = List.of(new String(path, StandardCharsets.ISO_8859_1).split("/", -1));
        Optional<String> container = Optional.empty();
        Optional<UUID> pod = Optional.empty();
        boolean kubernetes = false;
        for (String part : parts) {
            if (pod.isEmpty()) {
                pod = pod(part, kubernetes);
            }
            kubernetes |= part.equals("kubepods");
            container = container(part);
            if (container.isPresent()) {
                break;
            }
        }
        return new CgroupName(EscapedText.of(path, MAX_PATH_BYTES), unit(parts), container, pod);
    }

    /** Returns these names for a cgroup with another path in another hierarchy. */
    CgroupName at(Optional<String> otherPath) {
        return new CgroupName(otherPath, unit, container, pod);
    }

    boolean namesNothing() {
        return unit.isEmpty() && container.isEmpty() && pod.isEmpty();
    }

    Workload workload(Bytes bootId, Namespaces namespaces) {
        return new Workload(Optional.of(bootId), path, unit, container, pod, namespaces);
    }

    /** Returns the first part that isn't a slice, if it is a unit; systemd's cg_path_get_unit. */
    private static Optional<String> unit(List<String> parts) {
        for (String part : parts) {
            // One leading "_" separates a name from the kernel's own files.
            String name = part.startsWith("_") ? part.substring(1) : part;
            if (!part.isEmpty() && !SLICE.matcher(name).matches()) {
                return name.length() <= MAX_UNIT_BYTES && UNIT.matcher(name).matches()
                        ? Optional.of(name)
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static Optional<String> container(String part) {
        Matcher id = CONTAINER.matcher(part);
        if (!id.matches()) {
            return Optional.empty();
        }
        return Optional.ofNullable(id.group(1)).or(() -> Optional.ofNullable(id.group(2)));
    }

    private static Optional<UUID> pod(String part, boolean kubernetes) {
        Matcher slice = POD_SLICE.matcher(part);
        if (slice.matches()) {
            return Optional.of(uuid(slice.group(1)));
        }
        Matcher plain = POD.matcher(part);
        return kubernetes && plain.matches() ? Optional.of(uuid(plain.group(1))) : Optional.empty();
    }

    /** Parses a pod's uid. In a slice's name "_" means "-"; static pods, defined by a file on the node, have neither. */
    private static UUID uuid(String text) {
        String hex = text.replaceAll("[-_]", "");
        return new UUID(Long.parseUnsignedLong(hex, 0, 16, 16), Long.parseUnsignedLong(hex, 16, 32, 16));
    }
}
