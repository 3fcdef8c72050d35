package dev.throughline.tests;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.throughline.report.JsonTree;
import dev.throughline.tests.emulator.NetworkFrameworkEmulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * {@code ./throughline demo limit}: one application holds 2,000 connections, fifty others come and go; first without budgets, then
 * with them.
 */
public final class LimitDemo {
    private static final SceneApp GREEDY = new SceneApp("Greedy", 1_000);
    private static final int HELD = 2_000;
    private static final int OTHERS = 50;
    private static final int TIMES = 4;
    private static final String ROW = "  %-14s %6s %6s %6s %6s   %10s %10s %10s   %s%n";

    private final LimitScene scene;

    private LimitDemo(LimitScene scene) {
        this.scene = scene;
    }

    /** Exits with 0 if all went as it should. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("throughline-demo-limit");
        boolean good;
        try (LimitScene scene = LimitScene.start(
                folder, Loopback.own(), NetworkFrameworkEmulator.LIMIT, "budget: { idle-floor: 1m }")) {
            good = new LimitDemo(scene).play();
        } finally {
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        }
        System.exit(good ? 0 : 1);
    }

    private boolean play() throws IOException, InterruptedException {
        System.out.printf("""
                One application, Greedy, opens %,d connections and keeps them. Then %d others open %d each, one after the other,
                say a letter, hear it back, and close. Their agent's process may have %d connections: past that they wait for
                ever with "Cannot allocate memory", as Network.framework's do. (The system is an emulator; all else is real.)
                """, HELD, OTHERS, TIMES, NetworkFrameworkEmulator.LIMIT);
        boolean without = without();
        boolean with = with();
        return without && with;
    }

    /** Whether it went as users report it. */
    private boolean without() throws IOException, InterruptedException {
        head("Without budgets: the agent opens whatever it is asked for");
        List<SceneFlow> held = scene.hold(GREEDY, HELD, scene::openWithoutHop, HELD);
        row("Greedy", held, "");
        List<SceneFlow> others = scene.comeAndGo(OTHERS, 1, scene::openWithoutHop);
        row(OTHERS + " others", others, "");
        close(held);
        await("the agent to let go", () -> scene.agent().inUse() == 0);
        return others.stream().noneMatch(SceneFlow::stands);
    }

    private boolean with() throws IOException, InterruptedException {
        head("With budgets: hop edge opens them, by the agent as far as that goes, over plain sockets beyond");
        List<SceneFlow> held = scene.hold(GREEDY, HELD, scene::open);
        row("Greedy", held, over(held));
        List<SceneFlow> others = scene.comeAndGo(OTHERS, TIMES, scene::open);
        await("the flows to be logged", () -> LimitScene.ended(scene.edge()).size() >= others.size());
        row(OTHERS + " others", others, over(others));
        say("");
        say("  $ throughline flows top --by executable");
        scene.top(4).forEach(line -> say("  " + line));
        close(held);
        await("all places to be free", () -> scene.agent().inUse() == 0 && inUse("hop") == 0);
        say("");
        say("  Greedy has left: %d of the agent's connections are in use, %.0f of the hop's places."
                .formatted(scene.agent().inUse(), inUse("hop")));
        int known = known(held, others);
        say("  Hop gateway named the application of %,d of %,d flows, by headers that it verified."
                .formatted(known, held.size() + others.size()));
        return others.stream().allMatch(SceneFlow::stands)
                && held.stream().allMatch(SceneFlow::stands)
                && known == held.size() + others.size();
    }

    private double inUse(String pool) {
        try {
            return scene.edge().metric("throughline_budget_in_use{pool=\"" + pool + "\"}");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private int known(List<SceneFlow> held, List<SceneFlow> others) throws InterruptedException {
        Map<String, String> expected = new TreeMap<>();
        List.of(held, others)
                .forEach(flows -> flows.forEach(flow ->
                        expected.put("192.0.2.7:" + flow.source(), flow.app().executable())));
        await("the next hop's log", () -> LimitScene.ended(scene.gateway()).size() >= expected.size());
        return (int) LimitScene.ended(scene.gateway()).stream()
                .map(line -> line.object("originator"))
                .filter(who -> who.text("exe").equals(expected.get(who.text("source"))))
                .count();
    }

    /** How many of the flows went over what. */
    private String over(List<SceneFlow> flows) throws IOException {
        Map<String, String> transports = new TreeMap<>();
        List<JsonTree> all = new ArrayList<>(scene.edge().flows());
        all.addAll(LimitScene.ended(scene.edge()));
        all.forEach(flow -> transports.put(flow.object("originator").text("source"), flow.text("transport")));
        return flows.stream()
                .filter(SceneFlow::stands)
                .collect(Collectors.groupingBy(
                        flow -> transports.getOrDefault("192.0.2.7:" + flow.source(), "?"),
                        TreeMap::new,
                        Collectors.counting()))
                .entrySet()
                .stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
    }

    private static void head(String title) {
        say("");
        say(title);
        System.out.printf(ROW, "", "flows", "stand", "hang", "fail", "median", "99%", "longest", "over");
    }

    private static void row(String who, List<SceneFlow> flows, String over) {
        long hang = flows.stream()
                .filter(flow -> flow.failure().equals(java.util.Optional.of("hangs")))
                .count();
        long stand = flows.stream().filter(SceneFlow::stands).count();
        long[] sorted =
                flows.stream().mapToLong(flow -> flow.took().toNanos()).sorted().toArray();
        System.out.printf(
                ROW,
                who,
                flows.size(),
                stand,
                hang,
                flows.size() - stand - hang,
                millis(sorted[sorted.length / 2]),
                millis(sorted[sorted.length * 99 / 100]),
                millis(sorted[sorted.length - 1]),
                over);
    }

    private static String millis(long nanos) {
        return "%.1f ms".formatted(nanos / 1e6);
    }

    private static void close(List<SceneFlow> flows) throws IOException {
        for (SceneFlow flow : flows) {
            flow.close();
        }
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > until) {
                throw new IllegalStateException("waited in vain for " + what);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
