package dev.throughline.bench.compare;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** All processes that the benchmark starts, so that they can be ended with it. */
final class Children {
    private static final long PATIENCE_SECONDS = 5;

    private final List<Process> running = new CopyOnWriteArrayList<>();

    Process start(ProcessBuilder command) throws IOException {
        Process process = command.start();
        running.add(process);
        return process;
    }

    /** Ends processes with SIGTERM, or SIGKILL after 5 s, and their children with them. */
    void end(List<Process> processes) {
        List<ProcessHandle> handles = processes.stream()
                .flatMap(process -> Stream.concat(process.descendants(), Stream.of(process.toHandle())))
                .toList();
        processes.forEach(Process::destroy);
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (handles.stream().anyMatch(ProcessHandle::isAlive) && System.nanoTime() < limit) {
            Pause.millis(20);
        }
        handles.forEach(ProcessHandle::destroyForcibly);
        running.removeAll(processes);
    }

    void endAll() {
        end(List.copyOf(running));
    }
}
