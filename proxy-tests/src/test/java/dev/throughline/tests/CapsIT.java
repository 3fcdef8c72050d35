package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.demo.SceneApp;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caps count the true originator at each of three hops: one process opens all connections to the second and third. */
@Timeout(180)
class CapsIT {
    private static final List<String> HOPS = List.of("one", "two", "three");
    private static final SceneApp FEW = new SceneApp("Few", 2_000);

    @TempDir
    static Path folder;

    private static final Loopback NET = Loopback.own();
    private static Hops hops;
    private static Destination destination;
    private static int source = 10_000;

    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("one", "two", "three");
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        configure(
                "one",
                "{ name: agents, mode: bridge, socket: agents.bridge, agents: [{ uid: " + uid + " }] }",
                at("two", 2));
        configure(
                "two",
                "{ name: chain, mode: chain, by: plain, address: \"" + NET.text(2, 17001) + "\" }",
                at("three", 3));
        configure(
                "three",
                "{ name: chain, mode: chain, by: plain, address: \"" + NET.text(3, 17001) + "\" }",
                "{ to: destination }");
        hops.start("one", "two", "three");
    }

    private static String at(String hop, int host) {
        return "{ to: %s, at: \"%s\" }".formatted(hop, NET.text(host, 17001));
    }

    /** Each hop has a cap for the processes of one application, which the other hops don't limit. */
    private static void configure(String hop, String listener, String route) throws IOException {
        hops.configure(hop, """
                listeners: [%s]
                route: %s
                classes: { capped: { per-process: 2, wait: 0s } }
                policy:
                  - { name: capped, when: { executable: %s }, then: { class: capped } }
                  - { name: rest, then: allow }
                """.formatted(listener, route, cappedAt(hop).executable()));
    }

    private static SceneApp cappedAt(String hop) {
        return new SceneApp("Many-" + hop, 1_000 + HOPS.indexOf(hop));
    }

    @AfterEach
    void closeConnections() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private BridgeAgent opens(SceneApp app) throws IOException {
        BridgeAgent flow = BridgeAgent.connect(folder.resolve("agents.bridge"));
        open.add(flow);
        return flow.handOver(new BridgeHeader(
                Tuple.tcp(new InetSocketAddress("192.0.2.7", source++), destination.address()),
                InterceptionMethod.APP_PROXY_PROVIDER,
                app.identity(),
                Optional.empty(),
                Optional.empty()));
    }

    private void connects(SceneApp app) throws IOException {
        BridgeAgent flow = opens(app);
        assertThat(flow.answer()).isEqualTo(new BridgeAnswer.Connected());
        End there = destination.accept();
        open.add(there);
        there.send("x");
        assertThat(flow.receive(1)).containsExactly('x');
    }

    @ParameterizedTest
    @ValueSource(strings = {"one", "two", "three"})
    void aHopCapsTheFlowsOfTheProcessThatOpenedThem(String hop) throws IOException {
        SceneApp many = cappedAt(hop);
        connects(many);
        connects(many);
        opens(many);

        JsonTree end = hops.get(hop).closed(line -> line.text("reason").equals("class-limit"));
        assertThat(end.text("detail")).isEqualTo("the cap of 2 flows of a process");
        assertThat(end.object("originator").text("exe")).isEqualTo(many.executable());
        connects(FEW);
        connects(FEW);
    }
}
