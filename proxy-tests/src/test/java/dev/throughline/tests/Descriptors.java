package dev.throughline.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The descriptors of a running hop. */
record Descriptors(RunningHop hop) {
    private Set<Integer> open() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(hop.pid()), "fd"))) {
            return files.map(file -> Integer.valueOf(file.getFileName().toString()))
                    .collect(Collectors.toSet());
        }
    }

    /** Returns the lowest number that a descriptor after {@code others} more can have. */
    int nextFree(int others) throws IOException {
        Set<Integer> open = open();
        return Stream.iterate(0, number -> number + 1)
                .filter(number -> !open.contains(number))
                .skip(others)
                .findFirst()
                .orElseThrow();
    }

    /** Returns whether a lower number than the highest one is free. */
    boolean hasGap() throws IOException {
        return nextFree(0) < Collections.max(open());
    }

    /** Allows it this number of further descriptors; those that it already has stay open. */
    void leave(int more) throws IOException {
        int limit;
        do {
            // Some may have been open only for a moment.
            limit = nextFree(more);
            limit(limit);
        } while (nextFree(more) < limit);
    }

    /** Restores the previous limit. */
    void leaveAll() throws IOException {
        limit(4096);
    }

    private void limit(int limit) throws IOException {
        Host.THIS.run(List.of("prlimit", "--pid", Long.toString(hop.pid()), "--nofile=" + limit + ":4096"));
    }
}
