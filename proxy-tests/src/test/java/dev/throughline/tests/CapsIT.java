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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Caps count the true originator at each of three hops: to the second and third, one process connects for everybody. */
@Timeout(90)
class CapsIT {
    private static final SceneApp MANY = new SceneApp("Many", 1_000);
    private static final SceneApp FEW = new SceneApp("Few", 2_000);
    private static final String CAP = "classes: { default: { per-process: 2, wait: 0s } }";

    @TempDir
    private Path folder;

    private final Loopback net = Loopback.own();
    private final List<AutoCloseable> open = new ArrayList<>();
    private Hops hops;
    private Destination destination;
    private int source = 10_000;

    /** With a cap at one of the hops. */
    private void start(String capped) throws IOException {
        destination = Destination.at(net.address(9));
        hops = new Hops(folder, Host.THIS).keys("one", "two", "three");
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        hop(
                "one",
                "{ name: agents, mode: bridge, socket: agents.bridge, agents: [{ uid: " + uid + " }] }",
                at("two", 2),
                capped);
        hop(
                "two",
                "{ name: chain, mode: chain, by: plain, address: \"" + net.text(2, 17001) + "\" }",
                at("three", 3),
                capped);
        hop(
                "three",
                "{ name: chain, mode: chain, by: plain, address: \"" + net.text(3, 17001) + "\" }",
                "{ to: destination }",
                capped);
        hops.start("one", "two", "three");
    }

    private String at(String hop, int host) {
        return "{ to: %s, at: \"%s\" }".formatted(hop, net.text(host, 17001));
    }

    private void hop(String name, String listener, String route, String capped) throws IOException {
        hops.configure(
                name, "listeners: [%s]%nroute: %s%n%s%n".formatted(listener, route, name.equals(capped) ? CAP : ""));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
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

    private void stands(SceneApp app) throws IOException {
        BridgeAgent flow = opens(app);
        assertThat(flow.answer()).isEqualTo(new BridgeAnswer.Connected());
        End there = destination.accept();
        open.add(there);
        there.send("x");
        assertThat(flow.receive(1)).containsExactly('x');
    }

    private void isCapped(String hop) throws IOException {
        start(hop);
        stands(MANY);
        stands(MANY);
        opens(MANY);

        JsonTree end = hops.get(hop).closed(line -> line.text("reason").equals("class-limit"));
        assertThat(end.text("detail")).isEqualTo("the cap of 2 flows of a process");
        assertThat(end.object("originator").text("exe")).isEqualTo(MANY.executable());
        stands(FEW);
        stands(FEW);
    }

    @Test
    void atTheFirst() throws IOException {
        isCapped("one");
    }

    @Test
    void atTheSecond() throws IOException {
        isCapped("two");
    }

    @Test
    void atTheThird() throws IOException {
        isCapped("three");
    }
}
