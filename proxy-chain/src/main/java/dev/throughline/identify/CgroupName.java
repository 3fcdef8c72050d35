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
 * What a control group's path says of the processes in it: their unit, container and pod, as systemd, Docker, containerd,
 * CRI-O and Podman name their groups. Of several the outermost counts: whoever may make groups below his own, a user's
 * manager or what runs in a container, can call them anything.
 *
 * @param path for people; empty if there is none, or if it is too long
 * @param unit of the system's own manager, as sd_pid_get_unit(3) gives it
 * @param container its id; below a user's manager (unit {@code user@UID.service}) on that user's word
 * @param pod its uid
 */
record CgroupName(Optional<String> path, Optional<String> unit, Optional<String> container, Optional<UUID> pod) {
    /** Nothing is known. */
    static final CgroupName UNKNOWN =
            new CgroupName(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    private static final int MAX_PATH_BYTES = 256;
    private static final int MAX_UNIT_BYTES = 255;

    private static final String PLAIN = "[A-Za-z0-9:_.\\\\-]+";
    private static final Pattern SLICE = Pattern.compile(PLAIN + "\\.slice");
    /** With an instance or without; a template ({@code a@.service}) has no processes. */
    private static final Pattern UNIT = Pattern.compile(PLAIN
            + "(?:@[A-Za-z0-9:_.\\\\@-]+)?\\.(?:service|socket|target|device|mount|automount|swap|timer|path|scope)");

    private static final String ID = "([0-9a-f]{64})";
    /**
     * The id alone, its runtime ahead of it, and what containerd calls a group whose slice it was given while it should make
     * plain ones. The group of CRI-O's and Podman's monitor (conmon) isn't the container.
     */
    private static final Pattern CONTAINER = Pattern.compile("(?:(?:docker|cri-containerd|nerdctl|crio|libpod)-)?" + ID
            + "(?:\\.scope)?" + "|[^:]*:(?:cri-containerd|docker|crio|libpod):" + ID);

    private static final String UID = "([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})";
    private static final Pattern POD_SLICE =
            Pattern.compile("(?:[A-Za-z0-9_]+-)*kubepods(?:-burstable|-besteffort)?-pod" + UID + "\\.slice(?::.*)?");
    private static final Pattern POD = Pattern.compile("pod" + UID);

    /** Of a path as /proc/PID/cgroup has it. */
    static CgroupName of(byte[] path) {
        // Whatever else the bytes are, names that count here are ASCII.
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

    /** The same names, of a group that has this path in another hierarchy. */
    CgroupName at(Optional<String> otherPath) {
        return new CgroupName(otherPath, unit, container, pod);
    }

    boolean namesNothing() {
        return unit.isEmpty() && container.isEmpty() && pod.isEmpty();
    }

    Workload workload(Bytes bootId, Namespaces namespaces) {
        return new Workload(Optional.of(bootId), path, unit, container, pod, namespaces);
    }

    /** The first part that isn't a slice, if it is a unit: systemd's cg_path_get_unit. */
    private static Optional<String> unit(List<String> parts) {
        for (String part : parts) {
            // One "_" ahead keeps a name apart from the kernel's own files.
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

    /** In a slice's name "_" means "-"; pods that a file on the node defines have neither. */
    private static UUID uuid(String text) {
        String hex = text.replaceAll("[-_]", "");
        return new UUID(Long.parseUnsignedLong(hex, 0, 16, 16), Long.parseUnsignedLong(hex, 16, 32, 16));
    }
}
