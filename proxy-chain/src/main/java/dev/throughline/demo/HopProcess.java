package dev.throughline.demo;

import dev.throughline.report.JsonTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A hop in a separate process, with its messages and its flow log. */
public final class HopProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final String name;
    private final Process process;
    private final List<String> messages = new ArrayList<>();
    private final List<JsonTree> flowLog = new ArrayList<>();

    private HopProcess(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /** Starts {@code command}, which runs the hop {@code name}. */
    public static HopProcess start(String name, ProcessBuilder command) throws IOException {
        HopProcess hop = new HopProcess(name, command.start());
        hop.process.getOutputStream().close();
        hop.follow(hop.process.errorReader(), line -> hop.messages.add(line));
        hop.follow(hop.process.inputReader(), line -> hop.flowLog.add(JsonTree.parse(line)));
        return hop;
    }

    /** A handler of lines; called with this hop locked. */
    private interface Line {
        void take(String line);
    }

    private void follow(BufferedReader reader, Line taker) {
        Thread.ofVirtual().start(() -> {
            try (reader) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    synchronized (this) {
                        taker.take(line);
                        notifyAll();
                    }
                }
            } catch (IOException closed) {
                // The end of the process closes the stream.
            } finally {
                synchronized (this) {
                    notifyAll();
                }
            }
        });
    }

    /**
     * Waits until the hop accepts connections.
     *
     * @throws IOException with the hop's messages if it doesn't become ready
     */
    public HopProcess ready() throws IOException {
        await(
                () -> messages.stream().anyMatch(line -> line.contains("hop " + name + " is ready")),
                "for it to be ready");
        return this;
    }

    /** Waits for a line of the flow log; earlier lines count as well. */
    public JsonTree flow(Predicate<JsonTree> wanted) throws IOException {
        List<JsonTree> found = new ArrayList<>();
        await(
                () -> flowLog.stream()
                        .filter(wanted)
                        .findFirst()
                        .map(found::add)
                        .orElse(false),
                "for a line of its flow log");
        return found.getFirst();
    }

    /** Returns the flow log so far. */
    public synchronized List<JsonTree> flowLog() {
        return List.copyOf(flowLog);
    }

    /** Returns the messages so far. */
    public synchronized List<String> messages() {
        return List.copyOf(messages);
    }

    public String name() {
        return name;
    }

    public Process process() {
        return process;
    }

    private interface Condition {
        boolean holds();
    }

    private synchronized void await(Condition condition, String what) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0 || !process.isAlive()) {
                throw new IOException(
                        "hop " + name + (process.isAlive() ? ": timeout while waiting " : " ended while waiting ")
                                + what + ": " + String.join("\n", messages));
            }
            try {
                wait(Math.min(left, 200));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    /** Kills the hop. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
