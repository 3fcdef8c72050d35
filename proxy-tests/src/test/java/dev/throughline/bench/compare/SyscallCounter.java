package dev.throughline.bench.compare;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Counts system calls of processes with perf(1), or with strace(1) if the host lacks perf or doesn't permit it. */
final class SyscallCounter {
    private static final int ATTACH_MILLIS = 500;
    private static final int EXIT_SECONDS = 10;

    private final Children children;
    private final Path folder;

    SyscallCounter(Children children, Path folder) {
        this.children = children;
        this.folder = folder;
    }

    /** An action whose system calls are counted. */
    interface Action {
        void run() throws IOException;
    }

    /** Returns the number of system calls of all threads of the processes during an action. Empty if neither program can count. */
    OptionalLong count(List<Long> pids, Action action) throws IOException {
        Path output = folder.resolve("system-calls");
        OptionalLong counted = OptionalLong.empty();
        if (ProgramFinder.find("perf").isPresent()) {
            String list = pids.stream().map(String::valueOf).collect(Collectors.joining(","));
            List<String> command = List.of(
                    "perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-o", output.toString(), "-p", list);
            counted = parsePerf(countBy(command, output, action));
        }
        if (counted.isEmpty() && ProgramFinder.find("strace").isPresent()) {
            List<String> command = new ArrayList<>(List.of("strace", "-f", "-c", "-o", output.toString()));
            pids.forEach(pid -> command.addAll(List.of("-p", String.valueOf(pid))));
            counted = parseStrace(countBy(command, output, action));
        }
        return counted;
    }

    /** Returns the lines of the counter's output; none if it can't attach. */
    private List<String> countBy(List<String> command, Path output, Action action) throws IOException {
        Files.deleteIfExists(output);
        Process counter = children.start(
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD));
        try {
            Pause.millis(ATTACH_MILLIS);
            if (!counter.isAlive()) {
                return List.of();
            }
            action.run();
            // Both print their counts on SIGINT.
            ProgramFinder.run(List.of("kill", "-INT", String.valueOf(counter.pid())));
            if (!counter.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(command.getFirst() + " doesn't exit on SIGINT");
            }
            return Files.exists(output) ? Files.readAllLines(output) : List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            children.end(List.of(counter));
        }
    }

    /** Reads the output of {@code perf stat -x,}: one line with the count first, or {@code <not supported>} in its place. */
    static OptionalLong parsePerf(List<String> lines) {
        return lines.stream()
                .filter(line -> line.contains("raw_syscalls:sys_enter"))
                .map(line -> line.substring(0, line.indexOf(',')))
                .filter(CharMatcher.inRange('0', '9')::matchesAllOf)
                .mapToLong(Long::parseLong)
                .findFirst();
    }

    /** Reads the table of {@code strace -c}: the sum of its fourth column, without the line of the total. */
    static OptionalLong parseStrace(List<String> lines) {
        long[] counts = lines.stream()
                .map(line ->
                        Splitter.on(CharMatcher.whitespace()).omitEmptyStrings().splitToList(line))
                .filter(fields -> fields.size() >= 5 && !fields.getLast().equals("total"))
                .filter(fields -> CharMatcher.inRange('0', '9').matchesAllOf(fields.get(3)))
                .mapToLong(fields -> Long.parseLong(fields.get(3)))
                .toArray();
        return counts.length == 0
                ? OptionalLong.empty()
                : OptionalLong.of(Arrays.stream(counts).sum());
    }
}
