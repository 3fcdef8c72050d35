package dev.throughline.identify;

import dev.throughline.originator.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;

/** A parser for the texts of /proc/PID (proc(5)), decoded with one byte as one character. */
final class ProcText {
    private static final String UNIFIED = "0::";
    private static final String SYSTEMD = ":name=systemd:";
    /** All bits set: there was no login. */
    private static final long NO_AUDIT_ID = 0xFFFF_FFFFL;

    private ProcText() {}

    /**
     * Returns field 22 of {@code stat}, the start time in clock ticks since boot. Fields are counted after the <em>last</em>
     * closing parenthesis: the second field is the process's name, which may be "x) R 1 1".
     */
    static long startTime(String stat) throws IOException {
        return field(22, stat);
    }

    /** Returns field 4 of {@code stat}: the parent, or 0 if it has none in the pid namespace of /proc. */
    static int parent(String stat) throws IOException {
        return (int) field(4, stat);
    }

    /** Returns fields 28 and 48 of {@code stat}: the start of stack and command line; both 0 without permission. */
    static ProcessView.Image image(String stat) throws IOException {
        return new ProcessView.Image(unsigned(field(stat, 28)), unsigned(field(stat, 48)));
    }

    private static String field(String stat, int number) throws IOException {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        if (number - 3 >= fields.length) {
            throw new IOException("/proc/PID/stat has another form than proc(5) gives it");
        }
        return fields[number - 3];
    }

    private static long unsigned(String number) throws IOException {
        try {
            return Long.parseUnsignedLong(number);
        } catch (NumberFormatException e) {
            throw new IOException("/proc/PID/stat has another form than proc(5) gives it", e);
        }
    }

    private static long field(int number, String stat) throws IOException {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        // The first field after the parenthesis is field 3, the state.
        return number(fields, number - 3, "stat");
    }

    /** Returns the number in {@code loginuid} or {@code sessionid}, if any. */
    static OptionalLong auditId(String text) throws IOException {
        long id = number(new String[] {text.strip()}, 0, "loginuid");
        return id == NO_AUDIT_ID ? OptionalLong.empty() : OptionalLong.of(id);
    }

    /** Returns real and effective user and real group, from the lines {@code Uid:} and {@code Gid:} of {@code status}. */
    static Credentials credentials(String status) throws IOException {
        String[] uids = line(status, "Uid:\t");
        String[] gids = line(status, "Gid:\t");
        return new Credentials(
                (int) number(uids, 0, "status"), (int) number(uids, 1, "status"), (int) number(gids, 0, "status"));
    }

    /**
     * Returns the cgroup in the line {@code 0::} of {@code cgroup}, that of cgroup v2. If it has no names, as on hosts that
     * mount v2 but don't use it, names are taken from systemd's hierarchy of v1.
     */
    static Optional<CgroupName> cgroup(String cgroup) {
        Optional<CgroupName> unified = Optional.empty();
        Optional<CgroupName> systemd = Optional.empty();
        for (String line : cgroup.split("\n", -1)) {
            int path = line.indexOf(':', line.indexOf(':') + 1) + 1;
            if (line.startsWith(UNIFIED)) {
                unified = Optional.of(group(line.substring(path)));
            } else if (path > 0 && line.substring(0, path).endsWith(SYSTEMD)) {
                systemd = Optional.of(group(line.substring(path)));
            }
        }
        if (unified.isPresent() && !unified.get().namesNothing()) {
            return unified;
        }
        Optional<String> path = unified.flatMap(CgroupName::path);
        Optional<CgroupName> named = systemd.filter(group -> !group.namesNothing());
        return named.isPresent() ? named.map(group -> group.at(path)) : unified;
    }

    private static CgroupName group(String path) {
        return CgroupName.of(path.getBytes(StandardCharsets.ISO_8859_1));
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
