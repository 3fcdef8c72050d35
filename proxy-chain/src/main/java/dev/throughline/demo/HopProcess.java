package dev.throughline.demo;

import dev.throughline.report.JsonTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A hop that runs as a process of its own, and what it says: its messages, and its flow log. */
public final class HopProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final String name;
    private final Process process;
    private final List<String> messages = new ArrayList<>();
    private final List<JsonTree> flowLog = new ArrayList<>();

    private HopProcess(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /** Starts {@code command}, which runs the hop that is called {@code name}. */
    public static HopProcess start(String name, ProcessBuilder command) throws IOException {
        HopProcess hop = new HopProcess(name, command.start());
        hop.process.getOutputStream().close();
        hop.follow(hop.process.errorReader(), line -> hop.messages.add(line));
        hop.follow(hop.process.inputReader(), line -> hop.flowLog.add(JsonTree.parse(line)));
        return hop;
    }

    /** What is done with a line; called with this hop locked. */
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
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                synchronized (this) {
                    notifyAll();
                }
            }
        });
    }

    /**
     * Waits until the hop takes connections.
     *
     * @throws IOException with its own words if it doesn't come to that
     */
    public HopProcess ready() throws IOException {
        await(() -> messages.stream().anyMatch(line -> line.contains("hop " + name + " is ready")), "to be ready");
        return this;
    }

    /** Waits for a line of the flow log, past or to come. */
    public JsonTree flow(Predicate<JsonTree> wanted) throws IOException {
        List<JsonTree> found = new ArrayList<>();
        await(() -> flowLog.stream().filter(wanted).findFirst().map(found::add).orElse(false), "to log such a flow");
        return found.getFirst();
    }

    /** Everything in its flow log so far. */
    public synchronized List<JsonTree> flowLog() {
        return List.copyOf(flowLog);
    }

    /** Everything that it has said besides. */
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
                throw new IOException("hop " + name + (process.isAlive() ? " took too long " : " ended instead of ")
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

    /** Ends it at once. */
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
