package dev.throughline.identify;

import dev.throughline.originator.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;

/** The texts of /proc/PID (proc(5)), one byte a character. */
final class ProcText {
    private static final String UNIFIED = "0::";
    private static final String SYSTEMD = ":name=systemd:";
    /** All bits set: nobody has logged in. */
    private static final long NO_AUDIT_ID = 0xFFFF_FFFFL;

    private ProcText() {}

    /**
     * Field 22 of {@code stat}, in clock ticks since boot. Fields are counted after the <em>last</em> closing parenthesis:
     * the second field is the process's name, and "x) R 1 1" is one that a process may give itself.
     */
    static long startTime(String stat) throws IOException {
        return field(22, stat);
    }

    /** Field 4 of {@code stat}: the parent, or 0 if it has none in the pid namespace of /proc. */
    static int parent(String stat) throws IOException {
        return (int) field(4, stat);
    }

    /** Fields 28 and 48 of {@code stat}: where stack and command line begin; both 0 where they may not be seen. */
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
        // The first field after the parenthesis is the third, the state.
        return number(fields, number - 3, "stat");
    }

    /** The number in {@code loginuid} or {@code sessionid}, if there is one. */
    static OptionalLong auditId(String text) throws IOException {
        long id = number(new String[] {text.strip()}, 0, "loginuid");
        return id == NO_AUDIT_ID ? OptionalLong.empty() : OptionalLong.of(id);
    }

    /** Real and effective user and real group, from the lines {@code Uid:} and {@code Gid:} of {@code status}. */
    static Credentials credentials(String status) throws IOException {
        String[] uids = line(status, "Uid:\t");
        String[] gids = line(status, "Gid:\t");
        return new Credentials(
                (int) number(uids, 0, "status"), (int) number(uids, 1, "status"), (int) number(gids, 0, "status"));
    }

    /**
     * The group on the line {@code 0::} of {@code cgroup}, the one of cgroup v2. If that names nothing, as on hosts where v2
     * is there for no more than its looks, names are taken from systemd's own hierarchy of v1.
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
