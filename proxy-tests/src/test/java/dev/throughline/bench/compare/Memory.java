package dev.throughline.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/** The proportional set size (PSS) of processes: their own pages, and their part of shared pages. */
final class Memory {
    private static final String PSS = "Pss:";

    private Memory() {}

    static long pssBytes(Collection<Long> pids) throws IOException {
        long sum = 0;
        for (long pid : pids) {
            sum += parsePss(Files.readAllLines(Path.of("/proc", String.valueOf(pid), "smaps_rollup")));
        }
        return sum;
    }

    /** @param rollup lines of /proc/PID/smaps_rollup */
    static long parsePss(List<String> rollup) {
        for (String line : rollup) {
            if (line.startsWith(PSS) && line.endsWith(" kB")) {
                return 1024
                        * Long.parseLong(
                                line.substring(PSS.length(), line.length() - 3).strip());
            }
        }
        throw new IllegalArgumentException("no line " + PSS + " in " + rollup);
    }
}
