package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.demo.SceneApp;
import dev.throughline.demo.SceneFlow;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One application holds 2,000 connections with a limit of 512, while fifty others connect and disconnect. */
@Timeout(180)
class LimitSceneIT {
    private static final SceneApp GREEDY = new SceneApp("Greedy", 1_000);
    private static final int HELD = 2_000;
    private static final int OTHERS = 50;
    private static final int TIMES = 4;
    private static final int LIMIT = NetworkFrameworkEmulator.LIMIT;
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private LimitScene scene;
    private final List<SceneFlow> held = new ArrayList<>();

    private void start(String edge) throws IOException {
        scene = LimitScene.start(folder, Loopback.own(), LIMIT, edge);
    }

    @AfterEach
    void close() throws IOException {
        for (SceneFlow flow : held) {
            flow.close();
        }
        scene.close();
    }

    /** Users report that a connection that is started beyond the limit waits for ever, whichever application opens it. */
    @Test
    void withoutBudgetsOneApplicationExhaustsTheAgent() throws IOException {
        start("");
        held.addAll(scene.hold(GREEDY, LIMIT + 88, scene::openWithoutHop, LIMIT));
        assertThat(held).filteredOn(SceneFlow::isOpen).hasSize(LIMIT);

        List<SceneFlow> others = scene.openAndClose(OTHERS, 1, scene::openWithoutHop);

        assertThat(others).allSatisfy(flow -> assertThat(flow.failure()).contains("hangs"));
        held.removeLast().close();
        assertThat(scene.open(new SceneApp("Later", 3)).took()).isLessThan(LimitScene.PATIENCE);
    }

    /** The flows of the greedy application are as busy as those of the others: none may be closed. */
    @Test
    void withBudgetsTheNextTransportAndTheReserveCarryTheOthers() throws Exception {
        start("budget: { idle-floor: 1h }");
        held.addAll(scene.hold(GREEDY, HELD, scene::open));
        assertThat(held).allMatch(SceneFlow::isOpen);
        AtomicBoolean enough = new AtomicBoolean();
        Future<?> busy = LimitScene.keepBusy(held, enough);

        List<SceneFlow> others = scene.openAndClose(OTHERS, TIMES, scene::open);

        assertThat(others).hasSize(OTHERS * TIMES).allMatch(SceneFlow::isOpen);
        assertThat(others).allMatch(flow -> flow.took().compareTo(LimitScene.PATIENCE) < 0);
        enough.set(true);
        busy.get(60, TimeUnit.SECONDS);
        assertThat(scene.edge()
                        .metric("throughline_budget_evicted_total{reason=\"idle\",transport=\"network-framework\"}"))
                .isZero();
        assertThat(scene.agent().waiting()).as("nothing hangs").isZero();
        long ofGreedy = count("edge", flow -> overAgent(flow) && isOf(flow, GREEDY));
        assertThat(ofGreedy).as("exactly its share").isEqualTo(LIMIT - LIMIT * 12 / 100);
        leave();
        everyOriginatorIsKnown(others);
    }

    /** A flow that was idle for a second may be closed if its application has more than its share. */
    @Test
    void withBudgetsIdleFlowsAreEvicted() throws Exception {
        start("budget: { idle-floor: 1s }");
        held.addAll(scene.hold(GREEDY, LIMIT, scene::open));
        assertThat(held).allMatch(SceneFlow::isOpen);
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> scene.openAndClose(OTHERS, 1, scene::open).stream().allMatch(SceneFlow::isOpen)
                        && evicted() > 0);

        List<SceneFlow> others = scene.openAndClose(OTHERS, TIMES, scene::open);

        assertThat(others).allMatch(SceneFlow::isOpen);
        scene.edge().closed(line -> line.text("reason").equals("evicted"));
        assertThat(LimitScene.ended(scene.edge()))
                .filteredOn(line -> line.text("reason").equals("evicted"))
                .allMatch(line -> isOf(line, GREEDY));
        leave();
    }

    private double evicted() throws IOException {
        return scene.edge().metric("throughline_budget_evicted_total{reason=\"idle\",transport=\"network-framework\"}");
    }

    private interface Wanted {
        boolean is(JsonTree flow);
    }

    private long count(String hop, Wanted wanted) throws IOException {
        RunningHop asked = hop.equals("edge") ? scene.edge() : scene.gateway();
        return asked.flows().stream().filter(wanted::is).count();
    }

    private static boolean overAgent(JsonTree flow) {
        return flow.text("transport").equals("network-framework");
    }

    private static boolean isOf(JsonTree flow, SceneApp app) {
        return flow.object("originator").text("pid").equals(Integer.toString(app.pid()));
    }

    /** The greedy application ends: all slots of the hop and the agent become free. */
    private void leave() throws IOException {
        for (SceneFlow flow : held) {
            flow.close();
        }
        await().atMost(SOON).until(() -> scene.agent().inUse() == 0);
        for (String pool : List.of("hop", "network-framework", "bsd-socket")) {
            await(pool)
                    .atMost(SOON)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> scene.edge().metric("throughline_budget_in_use{pool=\"" + pool + "\"}") == 0);
        }
        scene.edge().awaitMetric("throughline_budget_capacity{pool=\"network-framework\"}", LIMIT);
    }

    /** The next hop names the application for each flow, whichever transport carried it. */
    private void everyOriginatorIsKnown(List<SceneFlow> others) {
        Map<String, String> expected = new java.util.TreeMap<>();
        List.of(held, others)
                .forEach(flows -> flows.forEach(flow ->
                        expected.put("192.0.2.7:" + flow.source(), flow.app().executable())));
        await().atMost(SOON).until(() -> LimitScene.ended(scene.gateway()).size() >= expected.size());
        Map<String, String> found = LimitScene.ended(scene.gateway()).stream()
                .map(line -> line.object("originator"))
                .collect(Collectors.toMap(who -> who.text("source"), who -> who.text("exe")));
        assertThat(found).isEqualTo(expected);
    }
}
