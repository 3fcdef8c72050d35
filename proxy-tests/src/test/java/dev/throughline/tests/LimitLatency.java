package dev.throughline.tests;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.throughline.demo.SceneApp;
import dev.throughline.demo.SceneFlow;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Measures how long other applications take to connect while one application holds 2,000 connections where a limit of
 * 512 applies, and without such an application. Both are measured in turns, so that a slow minute of the machine
 * affects both; the latter is measured twice, which shows the effect of chance.
 */
public final class LimitLatency {
    private static final SceneApp GREEDY = new SceneApp("Greedy", 1_000);
    private static final int HELD = 2_000;
    private static final int OTHERS = 50;
    private static final int TIMES = 10;
    private static final int AT_ONCE = 4;
    private static final int ROUNDS = 7;

    private LimitLatency() {}

    /** A round's set-up times, in milliseconds. */
    private record Round(double median, double late) {
        static Round of(List<SceneFlow> flows) {
            if (!flows.stream().allMatch(SceneFlow::isOpen)) {
                throw new IllegalStateException("a flow of the others failed");
            }
            double[] millis = flows.stream()
                    .mapToDouble(flow -> flow.took().toNanos() / 1e6)
                    .sorted()
                    .toArray();
            return new Round(millis[millis.length / 2], millis[millis.length * 99 / 100]);
        }
    }

    /** Prints a table; {@code quick} makes fewer rounds. */
    public static void print(boolean quick) throws IOException {
        Path folder = Files.createTempDirectory("throughline-bench-limit");
        List<Round> alone = new ArrayList<>();
        List<Round> again = new ArrayList<>();
        List<Round> beside = new ArrayList<>();
        try (LimitScene scene = LimitScene.start(
                folder, Loopback.own(), NetworkFrameworkEmulator.LIMIT, "budget: { idle-floor: 1h }")) {
            others(scene);
            for (int round = 0; round < (quick ? 3 : ROUNDS); round++) {
                alone.add(others(scene));
                List<SceneFlow> held = scene.hold(GREEDY, HELD, scene::open);
                beside.add(others(scene));
                for (SceneFlow flow : held) {
                    flow.close();
                }
                scene.edge().awaitMetric("throughline_budget_in_use{pool=\"hop\"}", 0);
                again.add(others(scene));
            }
        } finally {
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        }
        System.out.printf(
                "%nSetting up a flow by bridge, agent (an emulator) and two hops, for %d others in turn, %d at once: median [least-most] of %d rounds of %d flows%n",
                OTHERS, AT_ONCE, alone.size(), OTHERS * TIMES);
        System.out.printf("%-46s %26s %26s%n", "", "median", "99 %");
        row("no greedy application", alone);
        row("no greedy application, again (A/A)", again);
        row("beside one that holds 2,000 connections", beside);
        System.out.printf(
                "%-46s %26.2f %26.2f%n",
                "ratio, beside to without", ratio(beside, alone, true), ratio(beside, alone, false));
        System.out.printf("%-46s %26.2f %26.2f%n", "ratio, A/A", ratio(again, alone, true), ratio(again, alone, false));
    }

    private static Round others(LimitScene scene) throws IOException {
        return Round.of(scene.openAndClose(OTHERS, TIMES, scene::open, AT_ONCE));
    }

    private static double[] sorted(List<Round> rounds, boolean median) {
        return rounds.stream()
                .mapToDouble(round -> median ? round.median : round.late)
                .sorted()
                .toArray();
    }

    private static double middle(List<Round> rounds, boolean median) {
        double[] sorted = sorted(rounds, median);
        return sorted[sorted.length / 2];
    }

    private static double ratio(List<Round> one, List<Round> other, boolean median) {
        return middle(one, median) / middle(other, median);
    }

    private static void row(String name, List<Round> rounds) {
        System.out.printf("%-46s %26s %26s%n", name, text(sorted(rounds, true)), text(sorted(rounds, false)));
    }

    private static String text(double[] sorted) {
        return "%.1f ms [%.1f-%.1f]"
                .formatted(
                        sorted[sorted.length / 2],
                        sorted[0],
                        Arrays.stream(sorted).max().orElse(0));
    }
}
