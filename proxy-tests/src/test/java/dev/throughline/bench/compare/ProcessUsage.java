package dev.throughline.bench.compare;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * The CPU time of whole processes with all of their threads, ended threads included.
 *
 * @param nanos all of it
 * @param userNanos the part in user mode, in steps of a tick
 * @param systemNanos the part in the kernel, in steps of a tick
 */
record ProcessUsage(long nanos, long userNanos, long systemNanos) {
    static final ProcessUsage NONE = new ProcessUsage(0, 0, 0);

    /** The unit of times in /proc/PID/stat is 1/100 s on all Linux systems (USER_HZ). */
    private static final long TICK_NANOS = 10_000_000;

    /** The fields after the name of the command, see proc(5): utime is field 14 and stime field 15; the third is the first here. */
    private static final int UTIME = 14 - 3;

    private static final int STIME = 15 - 3;

    static ProcessUsage of(Collection<Long> pids) throws IOException {
        ProcessUsage sum = NONE;
        for (long pid : pids) {
            sum = sum.plus(of(pid));
        }
        return sum;
    }

    private static ProcessUsage of(long pid) throws IOException {
        Path folder = Path.of("/proc", String.valueOf(pid));
        List<String> threads = new ArrayList<>();
        try (Stream<Path> tasks = Files.list(folder.resolve("task"))) {
            for (Path task : tasks.toList()) {
                try {
                    threads.add(Files.readString(task.resolve("schedstat")));
                } catch (NoSuchFileException e) {
                    // The thread has ended since; its time is in the stat file of the process.
                }
            }
        }
        return parse(Files.readString(folder.resolve("stat")), threads);
    }

    /**
     * Combines both sources: the sum over threads is in nanoseconds but lacks ended threads; the stat file has those but only
     * whole ticks. The larger one is nearer to the truth.
     *
     * @param stat content of /proc/PID/stat
     * @param threads contents of /proc/PID/task/TID/schedstat
     */
    static ProcessUsage parse(String stat, List<String> threads) {
        List<String> fields = Splitter.on(' ').splitToList(stat.substring(stat.lastIndexOf(')') + 2));
        long user = Long.parseLong(fields.get(UTIME)) * TICK_NANOS;
        long system = Long.parseLong(fields.get(STIME)) * TICK_NANOS;
        long sum = 0;
        for (String thread : threads) {
            sum += Long.parseLong(thread.substring(0, thread.indexOf(' ')));
        }
        return new ProcessUsage(Math.max(sum, user + system), user, system);
    }

    ProcessUsage plus(ProcessUsage other) {
        return new ProcessUsage(nanos + other.nanos, userNanos + other.userNanos, systemNanos + other.systemNanos);
    }

    ProcessUsage minus(ProcessUsage earlier) {
        return new ProcessUsage(
                nanos - earlier.nanos, userNanos - earlier.userNanos, systemNanos - earlier.systemNanos);
    }
}
