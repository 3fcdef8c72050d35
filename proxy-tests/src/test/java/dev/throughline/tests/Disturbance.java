package dev.throughline.tests;

import com.google.common.collect.HashMultimap;
import com.google.common.collect.SetMultimap;
import com.google.common.io.Closer;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * {@code ./throughline disturb}: a hop whose host is disturbed at random while 100 applications connect, idle and transfer.
 * No payload bypasses the hop, no application hangs, no truncated data looks complete, every interruption of interception is
 * in log and metric, and the hop is ready again soon after each disturbance.
 */
final class Disturbance implements AutoCloseable {
    private static final int MARK = 0x7201;
    private static final Pattern UNKNOWN = Pattern.compile("conntrack doesn't know (\\S+) to ");
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final String ABORTED = "throughline_interception_aborted_total";
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    /** Maximum time for applications to end: the deadline of an operation, and a reserve. */
    private static final Duration END = DisturbanceApps.END.plusSeconds(15);

    /** Duration of a kind of disturbance at full pace. */
    private static final Duration FULL_PACE = Duration.ofSeconds(5);

    private final Closer closer = Closer.create();
    private final Random random;
    private final String way;
    private final long seed;
    private final Namespace host;
    private final Namespace far;
    private final LeakDetector leaks;
    private final Hops hops;
    private final RunningHop hop;
    private final Output server;
    private final Output apps;
    private final Disturber disturber;
    private final Map<Disturber.Kind, Row> rows = new EnumMap<>(Disturber.Kind.class);
    private final List<String> failures = new ArrayList<>();
    private final long started = System.nanoTime();
    /** Connections of applications that were interrupted: source, kind and error. */
    private final List<String> cut = new ArrayList<>();

    private double pace = 1;
    private long leakedBefore;

    private static final class Row {
        private int count;
        private int noticed;
        private Duration longest = Duration.ZERO;
    }

    /** A program of the scene: what it prints, and a way to speak to it. */
    private record Output(String name, Process process, BlockingQueue<String> lines) {
        static Output start(Namespace where, Class<?> main, String... arguments) throws IOException {
            Process process = where.command(Program.test(main, arguments))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BlockingQueue<String> lines = new LinkedBlockingQueue<>();
            BufferedReader reader = process.inputReader();
            Thread.ofVirtual().start(() -> {
                try {
                    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                        lines.add(line);
                    }
                } catch (IOException closed) {
                    // The end of the process closes the stream.
                }
            });
            return new Output(main.getSimpleName(), process, lines);
        }

        /**
         * Returns all lines up to one that begins with {@code end}.
         *
         * @throws IOException if none does in time
         */
        List<String> until(String end, Duration patience) throws IOException, InterruptedException {
            long until = System.nanoTime() + patience.toNanos();
            List<String> found = new ArrayList<>();
            while (found.isEmpty() || !found.getLast().startsWith(end)) {
                String line = lines.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (line == null) {
                    throw new IOException("%s did not print '%s' within %d s, %s; it printed %s"
                            .formatted(
                                    name,
                                    end,
                                    patience.toSeconds(),
                                    process.isAlive() ? "and still runs" : "and ended with " + process.exitValue(),
                                    found));
                }
                found.add(line);
            }
            return found;
        }

        void say() throws IOException {
            Writer writer = process.outputWriter();
            writer.write('\n');
            writer.flush();
        }
    }

    /** Starts everything. */
    Disturbance(Path folder, String way, long seed) throws IOException, InterruptedException {
        this.way = way;
        this.seed = seed;
        this.random = new Random(seed);
        try {
            host = Namespace.host("host");
            closer.register(host::close);
            far = host.neighbour("far");
            host.join(far, DisturbanceApps.ADDRESS + "/24", DisturbanceApps.SERVER + "/24");
            host.join(far, DisturbanceApps.ADDRESS6 + "/64", DisturbanceApps.SERVER6 + "/64");
            DefaultRoute.via(host, DisturbanceApps.SERVER);
            DefaultRoute.via(host, DisturbanceApps.SERVER6);
            host.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=32768 60999");
            leaks = new LeakDetector(far, DisturbanceApps.FIRST_PORT + "-" + DisturbanceApps.LAST_PORT);
            server = Output.start(far, DisturbanceServer.class);
            closer.register(() -> server.process().destroyForcibly());
            hops = new Hops(folder, host::command).keys("hop-a").configure("hop-a", """
                    mark: 0x%x
                    listeners:
                      - { name: apps, mode: transparent, by: %s, port: 15001, capture: { ports: [80, 8000-8099] } }
                    route: { to: destination }
                    limits:
                      keepalive: { time: 2s, interval: 1s, probes: 3 }
                      user-timeout: 5s
                      idle-timeout: 15s
                      half-closed-timeout: 10s
                    """.formatted(MARK, way));
            closer.register(hops::close);
            hops.redirect("apply", "hop-a").start("hop-a");
            hop = hops.get("hop-a");
            hop.awaitReady();
            server.until("ready", PATIENCE);
            apps = Output.start(host, DisturbanceApps.class, Long.toString(seed));
            closer.register(() -> apps.process().destroyForcibly());
            apps.until("ready", PATIENCE);
            disturber = new Disturber(host, far, random, isTproxy(), MARK, hop.pid());
        } catch (IOException | InterruptedException | RuntimeException e) {
            closer.close();
            throw e;
        }
    }

    /** Arguments: seconds, tproxy or redirect, and a seed. Exits with 0 if all checks pass. */
    public static void main(String[] args) throws IOException, InterruptedException {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 600;
        String way = args.length > 1 ? args[1] : "tproxy";
        long seed = args.length > 2 ? Long.parseLong(args[2]) : System.currentTimeMillis();
        Path folder = Files.createTempDirectory("throughline-disturb");
        List<String> failures;
        try (Disturbance scene = new Disturbance(folder, way, seed)) {
            failures = scene.play(Duration.ofSeconds(seconds));
        } finally {
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        }
        System.exit(failures.isEmpty() ? 0 : 1);
    }

    private boolean isTproxy() {
        return way.equals("tproxy");
    }

    /**
     * Disturbs for this time, or until each kind of disturbance occurred once, and prints the results.
     *
     * @return the failures
     */
    List<String> play(Duration duration) throws IOException, InterruptedException {
        System.out.printf(
                "100 applications through one hop by %s, disturbed for %d s, seed %d%n",
                way, duration.toSeconds(), seed);
        pace = Math.min(1, (double) duration.toMillis() / disturber.kinds() / FULL_PACE.toMillis());
        long until = System.nanoTime() + duration.toNanos();
        boolean ready = true;
        while (ready && (System.nanoTime() < until || !disturber.hasPlayedAll())) {
            pause(500, 2500);
            ready = disturb(disturber.next());
        }
        disturbances();
        operations();
        log();
        leaks();
        System.out.println();
        if (!failures.isEmpty()) {
            hop.process().messages().forEach(line -> System.out.println("  hop-a: " + line));
        }
        failures.forEach(failure -> System.out.println("FAILED: " + failure));
        System.out.println(failures.isEmpty() ? "All is well." : failures.size() + " failures, seed " + seed);
        return failures;
    }

    private void pause(int least, int most) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep((long) (pace * random.nextInt(least, most)));
    }

    /** Returns whether the scene can continue: the disturbance had its effect, and the hop is ready after it. */
    private boolean disturb(Disturber.Kind kind) throws IOException, InterruptedException {
        Optional<String> part = kind.breaks(isTproxy());
        long lostBefore = lost();
        long partBefore = part.isPresent() ? lost(part.get()) : 0;
        Optional<String> message = kind.message(isTproxy());
        long saidBefore = message.map(this::said).orElse(0L);
        double at = (System.nanoTime() - started) / 1e9;
        String what;
        long end;
        boolean noticed = true;
        try {
            what = disturber.begin(kind);
            end = System.nanoTime();
            if (message.isPresent()) {
                noticed = holdsSoon(
                        () -> said(message.get()) > saidBefore && (part.isEmpty() || lost(part.get()) > partBefore));
            }
            if (kind.lasts()) {
                pause(1000, 2000);
                disturber.end(kind);
                end = System.nanoTime();
            }
        } catch (IOException e) {
            fail("%s failed after %.1f s: %s".formatted(kind, at, e.getMessage()));
            return false;
        }
        // A loss that was detected only now has lasted until now.
        long readySince = message.isPresent() && !kind.lasts() ? System.nanoTime() : end;
        // The hop must stay ready for as long as the detection of the disturbance may take.
        long steady = (long) (pace * Duration.ofMillis(1500).toNanos());
        String page;
        do {
            page = hop.get("/-/ready");
            if (!page.equals("ready\n")) {
                readySince = System.nanoTime();
            }
            TimeUnit.MILLISECONDS.sleep(10);
        } while (System.nanoTime() - readySince < steady && System.nanoTime() - end < PATIENCE.toNanos());
        Duration took = Duration.ofNanos(readySince - end);
        Row row = rows.computeIfAbsent(kind, _ -> new Row());
        row.count++;
        row.noticed += lost() > lostBefore ? 1 : 0;
        row.longest = took.compareTo(row.longest) > 0 ? took : row.longest;
        System.out.printf("  %6.1f s  %-16s ready after %4d ms  %s%n", at, kind, took.toMillis(), what);
        if (!noticed) {
            fail("the hop's log%s did not say '%s' within %d s: %s after %.1f s: %s"
                    .formatted(
                            part.isPresent() ? " and metrics" : "",
                            message.orElseThrow(),
                            SOON.toSeconds(),
                            kind,
                            at,
                            what));
        }
        long leaked = leaks.leaked();
        if (leaked > leakedBefore) {
            fail("%d packets with payload left past the hop during %s after %.1f s: %s"
                    .formatted(leaked - leakedBefore, kind, at, what));
            leakedBefore = leaked;
        }
        if (took.compareTo(SOON) > 0 || !page.equals("ready\n")) {
            fail("the hop is not ready %d ms after %s after %.1f s: %s: %s"
                    .formatted(took.toMillis(), kind, at, what, page.strip()));
        }
        return page.equals("ready\n");
    }

    private void fail(String what) {
        failures.add(what);
    }

    /** How often the hop's metrics say that a part of interception was lost. */
    private long lost() throws IOException {
        return sum("throughline_interception_lost_total");
    }

    private long lost(String part) throws IOException {
        return (long) hop.metric("throughline_interception_lost_total{part=\"" + part + "\"}");
    }

    private long sum(String name) throws IOException {
        return (long) hop.get("/metrics")
                .lines()
                .filter(line -> line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private void disturbances() {
        System.out.printf(
                "%n  %-16s %7s %6s %8s %20s%n", "disturbance", "breaks", "times", "noticed", "longest until ready");
        rows.forEach((kind, row) -> System.out.printf(
                "  %-16s %7s %6d %8d %17d ms%n",
                kind, kind.breaks(isTproxy()).orElse("-"), row.count, row.noticed, row.longest.toMillis()));
    }

    /** Ends the applications and takes their results. */
    private void operations() throws IOException, InterruptedException {
        apps.say();
        List<String> reasons = new ArrayList<>();
        System.out.printf("%n  %-16s %8s %12s %12s %14s%n", "operation", "done", "interrupted", "longest", "bytes");
        List<String> results;
        try {
            results = apps.until("stopped", END);
        } catch (IOException e) {
            fail("the applications did not end: " + e.getMessage());
            return;
        }
        for (String line : results) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "failure" -> fail(line.substring("failure ".length()) + flows(line));
                case "cut" -> cut.add(line.substring("cut ".length()));
                case "reason" -> reasons.add(line.substring("reason ".length()));
                case "operations" -> {
                    System.out.printf(
                            "  %-16s %8s %12s %9s ms %14s%n", words[1], words[2], words[3], words[4], words[5]);
                    if (words[2].equals("0")) {
                        fail("no operation of kind " + words[1] + " was done");
                    }
                }
                default -> {}
            }
        }
        System.out.println();
        reasons.forEach(reason -> System.out.println("  interrupted: " + reason));
        for (String line = server.lines().poll();
                line != null;
                line = server.lines().poll()) {
            fail(line.substring("failure ".length()));
        }
    }

    /** Returns the lines of the flow log about the connection that a failure names. */
    private String flows(String failure) {
        Matcher source = Pattern.compile(" from (\\S+:\\d+) ").matcher(failure);
        if (!source.find()) {
            return "";
        }
        return "; in the flow log: "
                + hop.process().flowLog().stream()
                        .filter(line -> line.object("arrival").text("source").equals(source.group(1)))
                        .map(JsonTree::toJson)
                        .toList();
    }

    /** Checks that log and metrics agree, and that every lost part was restored. */
    private void log() throws InterruptedException {
        await("every flow has ended", () -> value(() -> hop.flows().isEmpty()));
        await(
                "a line of the flow log for every flow that the metrics count",
                () -> value(() -> sum("throughline_flows_closed_total")
                        == hop.process().flowLog().stream()
                                .filter(line -> line.text("event").equals("flow.close"))
                                .count()));
        await(
                "a line of the log for every loss that the metrics count",
                () -> value(() -> lost() == said("interception lost: ")));
        await(
                "a repair for every loss",
                () -> said("interception lost: ") == said("interception repaired: ") + said("interception restored: "));
        interruptions();
        System.out.printf(
                "%n  interception lost %d times, repaired %d, restored %d; flows in the log: %d%n",
                said("interception lost: "),
                said("interception repaired: "),
                said("interception restored: "),
                hop.process().flowLog().size());
    }

    /** Checks that interrupted connections did not end as completed in the flow log, and that aborted sockets are in log and metric. */
    private void interruptions() throws InterruptedException {
        SetMultimap<String, String> reasons = HashMultimap.create();
        for (JsonTree line : hop.process().flowLog()) {
            if (line.text("event").equals("flow.close")) {
                // If conntrack doesn't know the source, the detail has the addresses of the listener's socket.
                Matcher unknown = UNKNOWN.matcher(line.text("detail"));
                reasons.put(
                        unknown.lookingAt()
                                ? unknown.group(1)
                                : line.object("arrival").text("source"),
                        line.text("reason"));
            }
        }
        int missing = 0;
        for (String connection : cut) {
            Set<String> found = reasons.get(connection.substring(0, connection.indexOf(' ')));
            if (found.isEmpty() || found.equals(Set.of("completed"))) {
                missing++;
                fail("the flow log has no flow that was interrupted for " + connection + ", only " + found);
            }
        }
        await(
                "a line of the log for every socket that the metrics count as aborted",
                () -> value(() -> hop.metric(ABORTED) == said("aborted socket of an application, ")));
        long aborted = said("aborted socket of an application, ");
        long felt =
                cut.stream().filter(connection -> connection.endsWith(" abort")).count();
        if (aborted < felt) {
            fail("%d applications' sockets were aborted, only %d of them by the hop".formatted(felt, aborted));
        }
        System.out.printf(
                "%n  open connections interrupted: %d, not in the flow log: %d; sockets aborted by the hop: %d%n",
                cut.size(), missing, aborted);
    }

    private long said(String text) {
        return hop.process().messages().stream()
                .filter(line -> line.contains(text))
                .count();
    }

    private interface Question {
        boolean answer() throws IOException;
    }

    private static boolean value(Question question) {
        try {
            return question.answer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void await(String what, BooleanSupplier condition) {
        if (!holdsWithin(Duration.ofSeconds(30), condition)) {
            fail("timeout while waiting for " + what);
        }
    }

    private static boolean holdsSoon(Question question) {
        return holdsWithin(SOON, () -> value(question));
    }

    private static boolean holdsWithin(Duration patience, BooleanSupplier condition) {
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(20))
                    .atMost(patience)
                    .until(condition::getAsBoolean);
            return true;
        } catch (ConditionTimeoutException e) {
            return false;
        }
    }

    /** Counts packets that bypass the hop. As a control, the same applications are seen without hop and rules. */
    private void leaks() throws IOException, InterruptedException {
        System.out.printf(
                "%n  past the hop: %d packets with payload, %d without, %d that open a connection; of the hop: %d%n",
                leaks.leaked(), leaks.bare(), leaks.opening(), leaks.others());
        if (leaks.leaked() > leakedBefore || leaks.leaked() > 0) {
            fail("payload left past the hop: %d packets, from ports %s".formatted(leaks.leaked(), leaks.ports()));
        }
        if (leaks.others() == 0) {
            fail("no packet of the hop was seen");
        }
        long before4 = leaks.leaked4();
        long before6 = leaks.leaked6();
        hop.process().close();
        hops.redirect("remove", "hop-a");
        apps.say();
        String exchange;
        try {
            exchange = apps.until("exchange", PATIENCE).getLast();
        } catch (IOException e) {
            exchange = e.getMessage();
        }
        if (!exchange.equals("exchange done, done") || leaks.leaked4() == before4 || leaks.leaked6() == before6) {
            fail("without the hop an exchange (%s) was not seen as a leak".formatted(exchange));
        }
    }

    @Override
    public void close() throws IOException {
        closer.close();
    }
}
