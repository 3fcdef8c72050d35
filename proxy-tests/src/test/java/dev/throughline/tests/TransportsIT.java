package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.demo.SceneApp;
import dev.throughline.demo.SceneFlow;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Start;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The first transport of a route can't open a flow's connection: the flow uses the next one, and the log has the reason. */
@NeedsPrograms("prlimit")
@Timeout(180)
class TransportsIT {
    private static final SceneApp APP = new SceneApp("App", 7);
    private static final String AGENTS = "network-framework";
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private LimitScene scene;
    private final List<SceneFlow> open = new ArrayList<>();

    private void start(int limit, String edge) throws IOException {
        scene = LimitScene.start(folder, Loopback.own(), limit, ", start-timeout: 300ms", edge);
    }

    @AfterEach
    void close() throws IOException {
        for (SceneFlow flow : open) {
            flow.close();
        }
        scene.close();
    }

    private SceneFlow flow() throws IOException {
        SceneFlow flow = scene.open(APP);
        open.add(flow);
        return flow.isOpen() ? flow.echo() : flow;
    }

    private String over(SceneFlow flow) throws IOException {
        return scene.edge().flows().stream()
                .filter(row -> row.object("originator").text("source").endsWith(":" + flow.source()))
                .map(row -> row.text("transport"))
                .findFirst()
                .orElseThrow();
    }

    private double fellOver(String reason) throws IOException {
        return scene.edge()
                .metric("throughline_budget_fell_over_total{reason=\"%s\",transport=\"%s\"}".formatted(reason, AGENTS));
    }

    private void awaitInUse(int slots) {
        scene.edge().awaitMetric("throughline_budget_in_use{pool=\"" + AGENTS + "\"}", slots);
    }

    private void awaitCapacity(int slots) {
        scene.edge().awaitMetric("throughline_budget_capacity{pool=\"" + AGENTS + "\"}", slots);
    }

    @Test
    void theFirstTransportIsUsedWhileItHasSlots() throws IOException {
        start(2, "budget: { reserve: 0%, soft: 100% }");
        assertThat(over(flow())).isEqualTo(AGENTS);
        assertThat(over(flow())).isEqualTo(AGENTS);

        assertThat(over(flow())).isEqualTo("bsd-socket");

        assertThat(fellOver("full")).isEqualTo(1);
        assertThat(scene.agent().waiting()).isZero();
    }

    @Test
    void aStartThatHangsIsCancelledAndTheFlowContinuesOverTheNextTransport() throws IOException {
        start(8, "");
        scene.agent().starts(new Start.After(Duration.ofHours(1)));

        SceneFlow flow = flow();

        assertThat(over(flow)).isEqualTo("bsd-socket");
        assertThat(flow.took()).isGreaterThan(Duration.ofMillis(300)).isLessThan(LimitScene.PATIENCE);
        assertThat(fellOver("start-timeout")).isEqualTo(1);
        awaitInUse(0);
        await().atMost(SOON).until(() -> scene.agent().inUse() == 0);
    }

    @Test
    void anAgentThatIsGoneGetsNoRequests() throws IOException {
        start(8, "");
        scene.agent().stopListening();
        scene.agent().endWatches();
        awaitCapacity(0);

        assertThat(over(flow())).isEqualTo("bsd-socket");
        assertThat(scene.top(1))
                .anyMatch(line -> line.matches(AGENTS + " +0 +0 +0 +carries the originator; agent-gone: .*ENOENT.*"));
        await().atMost(SOON)
                .until(() -> scene.edge().process().messages().stream()
                        .anyMatch(line -> line.contains("transport network-framework: agent unavailable")));

        scene.agent().listen();
        awaitCapacity(8);
        assertThat(over(flow())).isEqualTo(AGENTS);
    }

    @Test
    void aTransportWhoseStartsFailIsSkippedUntilTheySucceedAgain() throws IOException {
        start(64, "");
        scene.agent().starts(new Start.Failing("network-down"));
        for (int i = 0; i < 10; i++) {
            assertThat(over(flow())).isEqualTo("bsd-socket");
        }
        assertThat(breaker("open")).isEqualTo(1);
        assertThat(fellOver("agent-failed")).isEqualTo(10);

        assertThat(over(flow())).isEqualTo("bsd-socket");
        assertThat(fellOver("breaker-open")).isEqualTo(1);

        scene.agent().starts(new Start.AtOnce());
        await("closed again").atMost(SOON).pollInterval(Duration.ofMillis(200)).until(() -> {
            flow();
            return breaker("closed") == 1;
        });
        assertThat(over(flow())).isEqualTo(AGENTS);
    }

    private double breaker(String state) throws IOException {
        return scene.edge()
                .metric("throughline_transport_breaker{state=\"%s\",transport=\"%s\"}".formatted(state, AGENTS));
    }

    /** If the agent can't be reached for lack of descriptors, the next transport is tried, with the same result. */
    @Test
    void aShortageOfDescriptorsFallsOverAndOpensNoBreaker() throws IOException {
        start(64, "");
        Descriptors descriptors = new Descriptors(scene.edge());
        for (int refused = 0; refused < 12; ) {
            descriptors.leave(1);
            SceneFlow flow = flow();
            // One may get the descriptor that a hop reserves for refusing others.
            refused += flow.failure().equals(Optional.of("no-descriptors")) ? 1 : 0;
            flow.close();
        }
        descriptors.leaveAll();

        assertThat(fellOver("no-descriptors")).isGreaterThanOrEqualTo(12);
        scene.edge().awaitClosed("no-descriptors", 12);
        assertThat(scene.edge().closedFor("start-failed")).isZero();
        assertThat(breaker("closed")).isEqualTo(1);
        assertThat(over(flow())).isEqualTo(AGENTS);
    }

    /** Loads the code that the hop needs when it has no descriptors. */
    @Test
    void breakersWorkAfterAStartThatTookTheLastDescriptor() throws IOException {
        start(64, "");
        Descriptors descriptors = new Descriptors(scene.edge());
        descriptors.leave(2);
        SceneFlow last = await().until(this::flow, SceneFlow::isOpen);
        descriptors.leaveAll();
        assertThat(over(last)).isEqualTo(AGENTS);

        scene.agent().starts(new Start.Failing("network-down"));
        for (int i = 0; i < 12; i++) {
            assertThat(flow().failure()).isEmpty();
        }

        assertThat(breaker("open")).isEqualTo(1);
    }

    @Test
    void aClassThatDoesNotFallOverGetsTheReasonOfTheFailure() throws IOException {
        start(8, "classes: { default: { falls-over: false } }");
        scene.agent().starts(new Start.Failing("network-down"));

        assertThat(flow().failure()).contains("start-failed");

        JsonTree end = scene.edge().closed(line -> line.text("reason").equals("start-failed"));
        assertThat(end.text("detail")).isEqualTo("network-framework: network-down: reported by the agent");
    }

    /** Whatever the transport, the next hop has a limit of flows. */
    @Test
    void aNextHopHasAPoolToo() throws IOException {
        start(2, "budget: { reserve: 0%, soft: 100%, next-hops: { gateway: 3 } }\nclasses: { default: { wait: 0s } }");
        for (int i = 0; i < 3; i++) {
            assertThat(flow().isOpen()).isTrue();
        }

        assertThat(flow().failure()).contains("no-slot");

        JsonTree end = scene.edge().closed(line -> line.text("reason").equals("no-slot"));
        assertThat(end.text("detail")).isEqualTo("network-framework is full");
        open.removeFirst().close();
        await().atMost(SOON).until(() -> flow().isOpen());
    }
}
