package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import dev.throughline.demo.HopAdmin;
import dev.throughline.demo.HopProcess;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.core.ConditionTimeoutException;

/** A hop in its own process, as an operator observes it: flow log, metrics, flow table, exit code. */
record RunningHop(HopProcess process, Path adminSocket) {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** Returns the log line of the end of a flow, and waits for it. */
    JsonTree closed(Predicate<JsonTree> wanted) {
        return logged(line -> line.text("event").equals("flow.close") && wanted.test(line));
    }

    /** Returns the end of the flow that an application opened, at any hop of the chain. */
    JsonTree closedOf(InetSocketAddress source, InetSocketAddress destination) {
        return closed(line -> hasEnds(line.object("originator"), source, destination));
    }

    /** Returns the end of the flow whose connection arrived at this hop. */
    JsonTree closedFrom(InetSocketAddress source, InetSocketAddress destination) {
        return closed(line -> hasEnds(line.object("arrival"), source, destination));
    }

    JsonTree closedFrom(End connection) {
        return closedFrom(connection.local(), connection.remote());
    }

    /** Compares both ends, since the kernel soon reuses a source towards another destination. */
    private static boolean hasEnds(JsonTree flow, InetSocketAddress source, InetSocketAddress destination) {
        return flow.text("source").equals(Tuple.text(source))
                && flow.text("destination").equals(Tuple.text(destination));
    }

    /**
     * Returns the end of a connection from an address that was refused before the test's end was connected. The test doesn't know its
     * port, because connect(2) may have failed.
     */
    JsonTree refusedFrom(InetAddress address, String reason) {
        return closed(line -> line.text("reason").equals(reason)
                && line.object("arrival").text("source").startsWith(address.getHostAddress() + ":"));
    }

    /** The end of the flow with this id. */
    JsonTree closedFlow(String id) {
        return closed(line -> line.text("flow").equals(id));
    }

    JsonTree logged(Predicate<JsonTree> wanted) {
        Optional<JsonTree> found;
        try {
            found = await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> process.flowLog().stream().filter(wanted).findFirst(), Optional::isPresent);
        } catch (ConditionTimeoutException e) {
            List<JsonTree> log = process.flowLog();
            throw new AssertionError("hop %s logged no such flow; its last lines: %s; it said: %s"
                    .formatted(
                            process.name(),
                            log.subList(Math.max(0, log.size() - 6), log.size()).stream()
                                    .map(JsonTree::toJson)
                                    .toList(),
                            process.messages()));
        }
        return found.orElseThrow();
    }

    /** The value of a series as the metrics page writes it, such as {@code throughline_flows_open}. */
    double metric(String series) throws IOException {
        return admin().metric(series);
    }

    /** Returns the number of flows that ended for {@code reason} so far. */
    double closedFor(String reason) throws IOException {
        return metric("throughline_flows_closed_total{reason=\"" + reason + "\"}");
    }

    /** Returns the number of headers that were rejected for {@code reason} so far. */
    double rejectedFor(String reason) throws IOException {
        return metric("throughline_headers_rejected_total{reason=\"" + reason + "\"}");
    }

    /** Waits until this many flows ended for {@code reason}. */
    void awaitClosed(String reason, double count) {
        awaitMetric("throughline_flows_closed_total{reason=\"" + reason + "\"}", count);
    }

    /** Waits until a series has this value: a flow's end shows at its peers before the hop counts it. */
    void awaitMetric(String series, double value) {
        await(process.name() + ": " + series)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> metric(series), found -> found == value);
    }

    /** Waits until its admin interface says that it is ready, whether or not its messages can be read. */
    void awaitReady() {
        await(process.name() + " is ready")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !process.process().isAlive() || isReady());
        if (!process.process().isAlive()) {
            throw new AssertionError("hop " + process.name() + " ended: " + process.messages());
        }
    }

    private boolean isReady() {
        try {
            return get("/-/ready").strip().equals("ready");
        } catch (IOException e) {
            return false;
        }
    }

    /** Waits for a message on standard error. */
    String awaitMessage(String text) {
        return await(process.name() + " says: " + text)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(
                        () -> process.messages().stream()
                                .filter(line -> line.contains(text))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    /** The flow table. */
    List<JsonTree> flows() throws IOException {
        return admin().flows();
    }

    /** The body of a page of the admin interface. */
    String get(String path) throws IOException {
        return ask("GET", path);
    }

    /** Returns the response of the admin interface to a request without a body. */
    String ask(String method, String path) throws IOException {
        return admin().ask(method, path);
    }

    private HopAdmin admin() {
        return new HopAdmin(adminSocket);
    }

    long pid() {
        return process.process().pid();
    }

    /** SIGTERM; unlike {@link Process#destroy} this leaves its output open. */
    void terminate() {
        process.process().toHandle().destroy();
    }

    /** Waits for its end. */
    int exitCode() throws InterruptedException {
        if (!process.process().waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("hop " + process.name() + " doesn't end: " + process.messages());
        }
        return process.process().exitValue();
    }
}
