package dev.throughline.platform.linux;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The mounts of a process's mount namespace (proc_pid_mountinfo(5)).
 *
 * @param all in mount order: a later mount hides an earlier one at the same path
 */
public record Mounts(ImmutableList<Mount> all) {
    private static final long MAX_BYTES = 4 << 20;

    /**
     * A mounted file system.
     *
     * @param device device of the file system's super block in the kernel's encoding: the major number above 20 bits of
     *     the minor number; stat(2) reports other devices for some file systems
     * @param root the directory of the file system that is visible at {@code at}
     * @param type such as {@code cgroup2} or {@code bpf}
     */
    public record Mount(int device, String root, Path at, String type) {}

    /** Returns the mounts of this process. */
    public static Mounts own() throws IOException {
        return read(Path.of("/"), "self");
    }

    /**
     * Returns the mounts of process 1, with paths that work from this process. ip-netns(8) hides the host's /sys from
     * processes that it starts.
     *
     * @throws IOException if this process may not read them (CAP_SYS_PTRACE)
     */
    public static Mounts ofTheFirstProcess() throws IOException {
        return read(Path.of("/proc/1/root"), "1");
    }

    private static Mounts read(Path seenFrom, String process) throws IOException {
        return parse(Files.readString(Path.of("/proc", process, "mountinfo"), StandardCharsets.ISO_8859_1), seenFrom);
    }

    static Mounts parse(String mountinfo, Path seenFrom) {
        List<Mount> mounts = new ArrayList<>();
        for (String line : Splitter.on('\n').omitEmptyStrings().split(mountinfo)) {
            List<String> fields = Splitter.on(' ').splitToList(line);
            int separator = separator(fields);
            if (separator > 0) {
                Path at = seenFrom.resolve(Path.of("/").relativize(Path.of(unescaped(fields.get(4)))));
                mounts.add(new Mount(device(fields.get(2)), unescaped(fields.get(3)), at, fields.get(separator + 1)));
            }
        }
        return new Mounts(ImmutableList.copyOf(mounts));
    }

    /** Returns the end of the optional fields, or -1 for a malformed line. */
    private static int separator(List<String> fields) {
        int separator = fields.indexOf("-");
        return separator >= 6 && separator + 1 < fields.size() ? separator : -1;
    }

    private static int device(String majorAndMinor) {
        int colon = majorAndMinor.indexOf(':');
        return Integer.parseUnsignedInt(majorAndMinor, 0, colon, 10) << 20
                | Integer.parseUnsignedInt(majorAndMinor, colon + 1, majorAndMinor.length(), 10);
    }

    /**
     * A mounted file system.
     *
     * @param device as in {@link Mount}
     * @param type such as {@code ext4}
     */
    public record FileSystem(int device, String type) {}

    /**
     * Returns the file system of one mount in a process's mount namespace. Accesses no file system but /proc.
     *
     * @param process its pid, or {@code self}
     * @param mount the id
     * @return empty if the mount isn't in that namespace, or comes after more than {@value #MAX_BYTES} bytes of other
     *     mounts: a user who fills a namespace must not delay others
     * @throws IOException if the process has ended, or access is denied
     */
    public static Optional<FileSystem> fileSystem(String process, int mount) throws IOException {
        String wanted = mount + " ";
        long read = 0;
        try (BufferedReader lines =
                Files.newBufferedReader(Path.of("/proc", process, "mountinfo"), StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null && read < MAX_BYTES; line = lines.readLine()) {
                read += line.length() + 1;
                if (line.startsWith(wanted)) {
                    List<String> fields = Splitter.on(' ').splitToList(line);
                    int separator = separator(fields);
                    return separator < 0
                            ? Optional.empty()
                            : Optional.of(new FileSystem(device(fields.get(2)), fields.get(separator + 1)));
                }
            }
        }
        return Optional.empty();
    }

    /** Returns whether a file system is mounted anywhere. */
    public boolean hasDevice(int device) {
        return all.stream().anyMatch(mount -> mount.device() == device);
    }

    /** Spaces, tabs, newlines and backslashes are written as three octal digits. */
    private static String unescaped(String field) {
        StringBuilder text = new StringBuilder(field.length());
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '\\' && i + 3 < field.length()) {
                text.append((char) Integer.parseInt(field, i + 1, i + 4, 8));
                i += 3;
            } else {
                text.append(field.charAt(i));
            }
        }
        return text.toString();
    }

    /** Returns the path at which the root of a file system of this type is mounted. */
    public Optional<Path> whole(String type) {
        return all.reverse().stream()
                .filter(mount -> mount.type().equals(type) && mount.root().equals("/"))
                .map(Mount::at)
                .filter(Files::isDirectory)
                .findFirst();
    }
}
