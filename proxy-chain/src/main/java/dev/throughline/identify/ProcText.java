package dev.throughline.identify;

import dev.throughline.originator.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The texts of /proc/PID (proc(5)), one byte a character. */
final class ProcText {
    private static final int MAX_CGROUP_BYTES = 256;

    private ProcText() {}

    /**
     * Field 22 of {@code stat}, in clock ticks since boot. Fields are counted after the <em>last</em> closing parenthesis:
     * the second field is the process's name, and "x) R 1 1" is one that a process may give itself.
     */
    static long startTime(String stat) throws IOException {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        // The first field after the parenthesis is the third, the state.
        return number(fields, 22 - 3, "stat");
    }

    /** Real and effective user and real group, from the lines {@code Uid:} and {@code Gid:} of {@code status}. */
    static Credentials credentials(String status) throws IOException {
        String[] uids = line(status, "Uid:\t");
        String[] gids = line(status, "Gid:\t");
        return new Credentials(
                (int) number(uids, 0, "status"), (int) number(uids, 1, "status"), (int) number(gids, 0, "status"));
    }

    /** The path on the line {@code 0::} of {@code cgroup}, the one of cgroup v2; empty on hosts that have v1 alone. */
    static Optional<String> cgroup(String cgroup) {
        for (String line : cgroup.split("\n", -1)) {
            if (line.startsWith("0::")) {
                return KernelText.of(line.substring(3).getBytes(StandardCharsets.ISO_8859_1), MAX_CGROUP_BYTES);
            }
        }
        return Optional.empty();
    }

    private static String[] line(String status, String label) throws IOException {
        for (String line : status.split("\n", -1)) {
            if (line.startsWith(label)) {
                return line.substring(label.length()).split("\t", -1);
            }
        }
        throw new IOException("/proc/PID/status has no line " + label.strip());
    }

    private static long number(String[] fields, int index, String file) throws IOException {
        try {
            return Long.parseLong(fields[index]);
        } catch (ArrayIndexOutOfBoundsException | NumberFormatException e) {
            throw new IOException("/proc/PID/" + file + " has another form than proc(5) gives it", e);
        }
    }
}
