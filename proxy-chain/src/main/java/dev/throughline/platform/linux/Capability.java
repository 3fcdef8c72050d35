package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/** A capability of capabilities(7) that the hop needs or can use. */
public enum Capability {
    DAC_READ_SEARCH(2),
    NET_BIND_SERVICE(10),
    NET_ADMIN(12),
    NET_RAW(13),
    SYS_PTRACE(19),
    SYS_ADMIN(21),
    SYS_RESOURCE(24),
    PERFMON(38),
    BPF(39);

    private final int bit;

    Capability(int bit) {
        this.bit = bit;
    }

    long mask() {
        return 1L << bit;
    }

    /** Returns the effective capabilities of this process. */
    public static Set<Capability> effective() throws IOException {
        return of(Path.of("/proc/self"));
    }

    /** Returns the effective capabilities of the process with this /proc directory. */
    public static Set<Capability> of(Path process) throws IOException {
        return parse(Files.readString(process.resolve("status"), StandardCharsets.ISO_8859_1));
    }

    /** Parses the line {@code CapEff:} of proc(5), /proc/PID/status: 64 bits in hexadecimal. */
    static Set<Capability> parse(String status) throws IOException {
        for (String line : status.split("\n", -1)) {
            if (line.startsWith("CapEff:")) {
                return of(Long.parseUnsignedLong(
                        line.substring("CapEff:".length()).strip(), 16));
            }
        }
        throw new IOException("/proc/self/status has no CapEff line");
    }

    private static Set<Capability> of(long bits) {
        Set<Capability> set = EnumSet.noneOf(Capability.class);
        for (Capability capability : values()) {
            if ((bits & capability.mask()) != 0) {
                set.add(capability);
            }
        }
        return set;
    }

    /** Returns a hint for {@code error} if the kernel refused an operation because {@link #NET_ADMIN} is missing. */
    public static String hint(String error) {
        try {
            return hint(error, effective());
        } catch (IOException e) {
            return "";
        }
    }

    /** Returns a hint, unless the capability is there: the kernel returns the same error for a table of another process. */
    static String hint(String error, Set<Capability> effective) {
        return error.contains("Operation not permitted") && !effective.contains(NET_ADMIN)
                ? " (" + NET_ADMIN + " is missing: run as root, or with this capability)"
                : "";
    }

    /** Returns the name in capabilities(7), such as {@code CAP_NET_ADMIN}. */
    @Override
    public String toString() {
        return "CAP_" + name();
    }
}
