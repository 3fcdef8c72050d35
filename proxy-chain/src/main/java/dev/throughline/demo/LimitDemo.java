package dev.throughline.demo;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A demo of budgets: one application holds 2,000 connections while fifty others connect and disconnect, first without
 * budgets, then with them. Everything runs on loopback and is removed when the demo ends.
 */
public final class LimitDemo {
    private static final SceneApp GREEDY = new SceneApp("Greedy", 1_000);
    private static final int HELD = 2_000;
    private static final int OTHERS = 50;
    private static final int TIMES = 4;
    private static final int LIMIT = NetworkFrameworkEmulator.LIMIT;
    private static final int GATEWAY_PORT = 17_001;

    /** This process has both ends of 2,000 connections to the agent or the hop, and of those that the agent opens. */
    private static final long OPEN_FILES = 6_000;

    private static final String ROW = "  %-10s %6s %6s %6s %6s  %11s %11s %11s  %s%n";

    private final PrintStream out;

    /** Creates a demo that prints to {@code out}. */
    public LimitDemo(PrintStream out) {
        this.out = out;
    }

    /**
     * Runs the demo.
     *
     * @return whether the result is as expected: without budgets the others hang, with budgets all flows are opened
     */
    public boolean play() throws IOException {
        out.printf("""
                An application, Greedy, opens %,d connections and keeps them. %d other applications then open %d connections each, one
                after the other: each connection carries a byte to the destination and back. All applications share one agent, whose
                process may have %d connections, as with Network.framework on macOS before 26.4. A connection that is started beyond
                the limit waits for ever with "Cannot allocate memory".

                The agent and its limit are an emulator; the two hops and all connections are real. The demo takes about half a minute
                and uses loopback only.

                """, HELD, OTHERS, TIMES, LIMIT);
        Optional<String> obstacle = obstacle();
        if (obstacle.isPresent()) {
            out.println("The demo can't run: " + obstacle.get());
            return false;
        }
        Path folder = Files.createTempDirectory("throughline-demo-limit");
        try (CleanUp cleanUp = new CleanUp(folder)) {
            try {
                return play(folder, cleanUp);
            } catch (IOException | RuntimeException e) {
                if (cleanUp.isDone()) {
                    // A signal ended the demo; everything is closed.
                    return false;
                }
                throw e;
            }
        }
    }

    private boolean play(Path folder, CleanUp cleanUp) throws IOException {
        AgentScene scene = new AgentScene(folder, settings(), ProgramCommand::of);
        cleanUp.add(scene);
        try (Progress _ = progress(() -> "starting hops edge and gateway")) {
            scene.startHops();
        }
        boolean without = withoutBudgets(scene);
        boolean with = withBudgets(scene);
        out.println();
        out.println(
                without && with
                        ? "Without budgets the others got no connection. With budgets every connection was opened."
                        : "Unexpected result: see the numbers above.");
        return without && with;
    }

    /** The soft limit of open files is already the hard limit: the virtual machine raises it (setrlimit(2)). */
    private static Optional<String> obstacle() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/limits"))) {
            return lines.filter(line -> line.startsWith("Max open files"))
                    .map(line -> line.split(" +", -1)[3])
                    .filter(soft -> !soft.equals("unlimited") && Long.parseLong(soft) < OPEN_FILES)
                    .map(soft -> "it needs %,d open files, and a process of this user may have %s (ulimit -Hn)"
                            .formatted(OPEN_FILES, soft))
                    .findFirst();
        }
    }

    /** Addresses of 127.0.0.0/8 that hardly anything else uses, so that a fixed port is free. */
    private static AgentScene.Settings settings() throws IOException {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        byte second = (byte) random.nextInt(1, 255);
        byte third = (byte) random.nextInt(0, 256);
        return new AgentScene.Settings(
                new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, second, third, 2}), GATEWAY_PORT),
                InetAddress.getByAddress(new byte[] {127, second, third, 9}),
                LIMIT,
                "",
                "budget: { idle-floor: 1m }");
    }

    /** Returns whether the others hang, as users of such a system report. */
    private boolean withoutBudgets(AgentScene scene) throws IOException {
        head("Without budgets: the agent starts every requested connection");
        List<SceneFlow> held;
        List<SceneFlow> others;
        try (Progress _ = progress(() ->
                "Greedy has %,d connections; the agent keeps %,d waiting".formatted(scene.opened(), waiting(scene)))) {
            held = scene.hold(GREEDY, HELD, scene::openWithoutHop, HELD);
        }
        try (Progress _ = progress(() -> "the others wait; the agent keeps %,d waiting".formatted(waiting(scene)))) {
            others = scene.openAndClose(OTHERS, 1, scene::openWithoutHop);
        }
        table();
        row("Greedy", held, "");
        row(OTHERS + " others", others, "");
        close(held);
        Waiting.until("the agent to close all connections", () -> scene.agent().inUse() == 0);
        return others.stream().noneMatch(SceneFlow::isOpen);
    }

    private static long waiting(AgentScene scene) {
        return scene.agent().waiting();
    }

    private boolean withBudgets(AgentScene scene) throws IOException {
        head("With budgets: hop edge uses the agent up to its limit, and plain sockets beyond");
        List<SceneFlow> held;
        List<SceneFlow> others;
        int before = scene.opened();
        try (Progress _ = progress(() -> "Greedy has %,d connections".formatted(scene.opened() - before))) {
            held = scene.hold(GREEDY, HELD, scene::open);
        }
        String overHeld = transports(scene, held);
        int greedy = scene.opened();
        try (Progress _ = progress(() -> "the others have had %,d connections".formatted(scene.opened() - greedy))) {
            others = scene.openAndClose(OTHERS, TIMES, scene::open);
            Waiting.until("hop edge to log all flows", () -> ended(scene.edge()).size() >= others.size());
        }
        table();
        row("Greedy", held, overHeld);
        row(OTHERS + " others", others, transports(scene, others));
        out.println();
        out.println("  $ throughline flows top --by executable");
        scene.top(4).forEach(line -> out.println("  " + line));
        close(held);
        Waiting.until("all slots to be free", () -> scene.agent().inUse() == 0 && hopSlots(scene) == 0);
        int all = held.size() + others.size();
        int named = named(scene, held, others);
        out.println();
        out.printf(
                "  Greedy has closed its connections: %,d of the agent's connections and %,.0f slots of the hop are in use.%n",
                scene.agent().inUse(), hopSlots(scene));
        out.printf("  Hop gateway verified the headers and knows the application of %,d of %,d flows.%n", named, all);
        return others.stream().allMatch(SceneFlow::isOpen) && held.stream().allMatch(SceneFlow::isOpen) && named == all;
    }

    private static double hopSlots(AgentScene scene) throws IOException {
        return scene.edgeAdmin().metric("throughline_budget_in_use{pool=\"hop\"}");
    }

    /** Returns the lines of a hop's flow log for flows that have ended. */
    private static List<JsonTree> ended(HopProcess hop) {
        return hop.flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close"))
                .toList();
    }

    /** Returns the number of flows for which the next hop knows the right application. */
    private static int named(AgentScene scene, List<SceneFlow> held, List<SceneFlow> others) throws IOException {
        Map<String, String> expected = new TreeMap<>();
        Stream.of(held, others)
                .flatMap(List::stream)
                .forEach(flow -> expected.put(source(flow), flow.app().executable()));
        Waiting.until(
                "hop gateway to log all flows", () -> ended(scene.gateway()).size() >= expected.size());
        return (int) ended(scene.gateway()).stream()
                .map(line -> line.object("originator"))
                .filter(who -> who.text("exe").equals(expected.get(who.text("source"))))
                .count();
    }

    private static String source(SceneFlow flow) {
        return AgentScene.APPLICATIONS + ":" + flow.source();
    }

    /** Returns the transports by which hop edge opened the flows, with the number of flows for each. */
    private static String transports(AgentScene scene, List<SceneFlow> flows) throws IOException {
        List<JsonTree> all = new ArrayList<>(scene.edgeAdmin().flows());
        all.addAll(ended(scene.edge()));
        Map<String, String> transports = new TreeMap<>();
        all.forEach(flow -> transports.put(flow.object("originator").text("source"), flow.text("transport")));
        return flows.stream()
                .filter(SceneFlow::isOpen)
                .collect(Collectors.groupingBy(
                        flow -> transports.getOrDefault(source(flow), "?"), TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
    }

    private Progress progress(Supplier<String> line) {
        return Progress.start(out, line);
    }

    private void head(String title) {
        out.println();
        out.println(title);
    }

    private void table() {
        out.println();
        out.printf(ROW, "", "flows", "opened", "hang", "failed", "median", "99 %", "longest", "transport");
    }

    private void row(String who, List<SceneFlow> flows, String transports) {
        long hang = flows.stream()
                .filter(flow -> flow.failure().equals(Optional.of("hangs")))
                .count();
        long opened = flows.stream().filter(SceneFlow::isOpen).count();
        long[] sorted =
                flows.stream().mapToLong(flow -> flow.took().toNanos()).sorted().toArray();
        out.printf(
                ROW,
                who,
                flows.size(),
                opened,
                hang,
                flows.size() - opened - hang,
                millis(sorted[sorted.length / 2]),
                millis(sorted[sorted.length * 99 / 100]),
                millis(sorted[sorted.length - 1]),
                transports);
    }

    private static String millis(long nanos) {
        return "%.1f ms".formatted(nanos / 1e6);
    }

    private static void close(List<SceneFlow> flows) throws IOException {
        for (SceneFlow flow : flows) {
            flow.close();
        }
    }

    /**
     * Closes the scene and deletes its folder, once: at the end of the demo or of this process, whichever comes first.
     */
    private static final class CleanUp implements AutoCloseable {
        private final Path folder;
        private final Thread hook = new Thread(this::run);
        private Optional<AgentScene> scene = Optional.empty();
        private boolean done;

        CleanUp(Path folder) {
            this.folder = folder;
            Runtime.getRuntime().addShutdownHook(hook);
        }

        synchronized void add(AgentScene started) {
            scene = Optional.of(started);
        }

        synchronized boolean isDone() {
            return done;
        }

        private synchronized void run() {
            if (done) {
                return;
            }
            done = true;
            try {
                if (scene.isPresent()) {
                    scene.get().close();
                }
                MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
            } catch (IOException e) {
                System.err.println("throughline: failed to remove everything of the demo: " + e.getMessage());
            }
        }

        @Override
        public void close() {
            run();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The process is ending, and the hook has run or waits for this.
                return;
            }
        }
    }
}
