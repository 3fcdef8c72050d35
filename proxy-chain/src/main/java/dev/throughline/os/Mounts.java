package dev.throughline.os;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is mounted where, as a process sees it (proc_pid_mountinfo(5)).
 *
 * @param all in the order in which they were mounted: a later one hides an earlier one at the same place
 */
public record Mounts(ImmutableList<Mount> all) {
    /**
     * A mounted file system.
     *
     * @param root which of its folders is what is seen at {@code at}
     * @param type such as {@code cgroup2} or {@code bpf}
     */
    public record Mount(String root, Path at, String type) {}

    /** Those that this process sees. */
    public static Mounts own() throws IOException {
        return read(Path.of("/"), "self");
    }

    /**
     * Those of the first process, under the names by which this one reaches them: a program that changes network namespaces
     * for others (ip-netns(8)) hides /sys from them.
     *
     * @throws IOException where this process may not look at it (CAP_SYS_PTRACE)
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
            int separator = fields.indexOf("-");
            if (separator >= 6 && separator + 1 < fields.size()) {
                Path at = seenFrom.resolve(Path.of("/").relativize(Path.of(unescaped(fields.get(4)))));
                mounts.add(new Mount(unescaped(fields.get(3)), at, fields.get(separator + 1)));
            }
        }
        return new Mounts(ImmutableList.copyOf(mounts));
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

    /** Where the whole of a file system of this type is. */
    public Optional<Path> whole(String type) {
        return all.reverse().stream()
                .filter(mount -> mount.type().equals(type) && mount.root().equals("/"))
                .map(Mount::at)
                .filter(Files::isDirectory)
                .findFirst();
    }
}
