package dev.throughline.demo;

import java.io.PrintStream;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A progress display: one line each second until it is closed. */
final class Progress implements AutoCloseable {
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().factory());

    private Progress() {}

    /**
     * Starts printing.
     *
     * @param line returns the text, on another thread
     */
    static Progress start(PrintStream out, Supplier<String> line) {
        Progress progress = new Progress();
        long began = System.nanoTime();
        Runnable print = () ->
                out.printf("  %3d s  %s%n", TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began), line.get());
        progress.clock.scheduleAtFixedRate(print, 1, 1, TimeUnit.SECONDS);
        return progress;
    }

    @Override
    public void close() {
        clock.close();
    }
}
