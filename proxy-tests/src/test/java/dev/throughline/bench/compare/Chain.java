package dev.throughline.bench.compare;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A running chain: the processes of both hops. */
final class Chain {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);
    private static final int POLL_MILLIS = 5;

    /**
     * The start of one hop, from the start of its command until it is ready.
     *
     * @param cpuNanos CPU time of the hop in that time
     */
    record Start(long nanos, long cpuNanos) {}

    private final ProxyPlan plan;
    private final Children children;
    private final List<Process> processes = new ArrayList<>();
    private final List<Long> pids = new ArrayList<>();
    private final List<Start> starts = new ArrayList<>();

    private Chain(ProxyPlan plan, Children children) {
        this.plan = plan;
        this.children = children;
    }

    /** Starts the second hop, then the first, and waits until each is ready. */
    static Chain start(ProxyPlan plan, Children children) throws IOException {
        Chain chain = new Chain(plan, children);
        chain.start(plan.second());
        chain.start(plan.first());
        return chain;
    }

    private void start(ProxyPlan.Hop hop) throws IOException {
        Files.deleteIfExists(hop.errors());
        ProcessBuilder command = new ProcessBuilder(hop.command())
                .redirectInput(Path.of("/dev/null").toFile())
                // Appending, so that the file may be truncated meanwhile.
                .redirectOutput(ProcessBuilder.Redirect.appendTo(hop.log().toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(hop.errors().toFile()));
        long begin = System.nanoTime();
        Process process = children.start(command);
        processes.add(process);
        while (!isReady(hop)) {
            if (!process.isAlive() || System.nanoTime() - begin > PATIENCE) {
                throw new IOException(plan.name() + " isn't ready: " + tail(hop));
            }
            Pause.millis(POLL_MILLIS);
        }
        long nanos = System.nanoTime() - begin;
        List<Long> own = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .map(ProcessHandle::pid)
                .toList();
        starts.add(new Start(nanos, ProcessUsage.of(own).nanos()));
        pids.addAll(own);
    }

    private static boolean isReady(ProxyPlan.Hop hop) throws IOException {
        if (hop.readyMessage().isPresent()) {
            return Files.readString(hop.errors()).contains(hop.readyMessage().get());
        }
        try (Socket probe = new Socket("127.0.0.1", hop.port())) {
            return probe.isConnected();
        } catch (ConnectException e) {
            return false;
        }
    }

    private static String tail(ProxyPlan.Hop hop) throws IOException {
        List<String> lines = Files.readAllLines(hop.errors());
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 10), lines.size()));
    }

    ProxyPlan plan() {
        return plan;
    }

    List<Start> starts() {
        return starts;
    }

    /** All processes of each hop, such as a master and its worker. */
    List<Long> pids() {
        return pids;
    }

    /**
     * Returns the CPU time of both hops so far.
     *
     * @throws IOException if one of their processes has ended
     */
    ProcessUsage usage() throws IOException {
        checkAlive();
        return ProcessUsage.of(pids);
    }

    /** Returns the memory of one hop, the mean of both. */
    long pssBytes() throws IOException {
        checkAlive();
        return Memory.pssBytes(pids) / 2;
    }

    private void checkAlive() throws IOException {
        for (long pid : pids) {
            if (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty()) {
                throw new IOException(plan.name() + ": process " + pid + " has ended: " + tail(plan.first()) + "\n"
                        + tail(plan.second()));
            }
        }
    }

    /**
     * Returns the last line of a closed flow in the second hop's flow log.
     *
     * @throws IOException if there is none
     */
    String lastLogLine() throws IOException {
        return Files.readAllLines(plan.second().log()).stream()
                .filter(line -> line.contains("\"flow.close\"") && line.endsWith("}"))
                .reduce((earlier, later) -> later)
                .orElseThrow(() -> new IOException(plan.name() + ": the flow log has no closed flow"));
    }

    /** Empties the flow logs, which would fill the disk over a whole run. */
    void truncateLogs() throws IOException {
        for (ProxyPlan.Hop hop : List.of(plan.first(), plan.second())) {
            FileChannel.open(hop.log(), StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)
                    .close();
        }
    }

    void stop() {
        children.end(processes);
    }
}
