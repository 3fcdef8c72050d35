package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.demo.SceneApp;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two hops of one Mac: an agent opens the connections of the first hop, and the system reports the originator to the
 * agent of the second. There is no interception here: the socket of the second agent replaces the destination, and the
 * emulator replaces the system's report.
 */
@Timeout(180)
class CarriedIT {
    private static final Loopback NET = Loopback.own();
    private static final SceneApp APP = new SceneApp("App", 7);
    private static final Bytes HANDLE = Bytes.wrap(new byte[] {7, 7});

    /** The first bytes of every PROXY v2 header. */
    private static final Bytes SIGNATURE = Bytes.ofHex("0d0a0d0a000d0a515549540a");

    @TempDir
    private Path folder;

    private NetworkFrameworkEmulator firstAgent;
    private Destination secondAgent;
    private Destination destination;
    private Hops hops;

    @BeforeEach
    void prepare() throws IOException {
        firstAgent = NetworkFrameworkEmulator.start(
                folder.resolve("opening.sock"),
                NetworkFrameworkEmulator.Settings.limited(NetworkFrameworkEmulator.LIMIT));
        secondAgent = Destination.at(NET.address(9));
        destination = Destination.at(NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("first", "second");
    }

    @AfterEach
    void close() throws IOException {
        hops.close();
        firstAgent.close();
        secondAgent.close();
        destination.close();
    }

    private void start(String header) throws IOException {
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        hops.configure("first", """
                mark: 0x7105
                interception: { repair: false }
                listeners: [{ name: agents, mode: bridge, socket: first.bridge, agents: [{ uid: %1$s }] }]
                transports: { agent: { socket: opening.sock, uid: %1$s, header: %2$s } }
                route: { to: second, by: interception, over: agent }
                """.formatted(uid, header));
        hops.configure("second", """
                listeners: [{ name: agents, mode: bridge, socket: second.bridge, agents: [{ uid: %s }] }]
                route: { to: destination }
                """.formatted(uid));
        // It has no rules here: the emulated system replaces them.
        hops.startNotReady("first");
        hops.start("second");
        hops.get("first").awaitMetric("throughline_budget_capacity{pool=\"agent\"}", NetworkFrameworkEmulator.LIMIT);
    }

    private static BridgeHeader header(InetSocketAddress to, Optional<Bytes> handle) {
        return new BridgeHeader(
                Tuple.tcp(new InetSocketAddress("192.0.2.7", 10_000), to),
                InterceptionMethod.APP_PROXY_PROVIDER,
                APP.identity(),
                handle,
                Optional.empty());
    }

    private BridgeAgent openFirst(Optional<Bytes> handle) throws IOException {
        BridgeAgent app = BridgeAgent.connect(folder.resolve("first.bridge"));
        app.handOver(header(secondAgent.address(), handle));
        assertThat(app.answer()).isEqualTo(new BridgeAnswer.Connected());
        return app;
    }

    @Test
    void whereTheSystemCarriesTheOriginatorNoHeaderIsNeeded() throws IOException {
        start("unless-carried");
        firstAgent.handedOver(HANDLE);
        try (BridgeAgent app = openFirst(Optional.of(HANDLE));
                End taken = secondAgent.accept()) {
            assertThat(firstAgent.metadata(taken.remote().getPort()))
                    .contains(new NetworkFrameworkEmulator.Metadata.OfFlow(HANDLE));
            BridgeAgent second = BridgeAgent.connect(folder.resolve("second.bridge"))
                    .handOver(header(destination.address(), Optional.empty()));
            assertThat(second.answer()).isEqualTo(new BridgeAnswer.Connected());
            try (End server = destination.accept()) {
                app.send("question");
                second.send(taken.receiveText(8));
                assertThat(server.receiveText(8)).isEqualTo("question");
                server.send("answer");
                taken.send(new String(second.receive(6), java.nio.charset.StandardCharsets.UTF_8));
                assertThat(new String(app.receive(6), java.nio.charset.StandardCharsets.UTF_8))
                        .isEqualTo("answer");
            }
            second.close();
        }
        JsonTree last = hops.get("second").closed(line -> true).object("originator");
        assertThat(last.text("exe")).isEqualTo(APP.executable());
        assertThat(last.text("pid")).isEqualTo("7");
        assertThat(hops.get("first").closed(line -> true).text("transport")).isEqualTo("agent");
    }

    /** The system would report the agent itself as the originator: the next hop needs the header. */
    @Test
    void whereNothingIsCarriedTheHeaderGoesFirst() throws IOException {
        start("unless-carried");
        try (BridgeAgent app = openFirst(Optional.empty());
                End taken = secondAgent.accept()) {
            assertThat(firstAgent.metadata(taken.remote().getPort()))
                    .contains(new NetworkFrameworkEmulator.Metadata.AgentsOwn());
            assertThat(Bytes.wrap(taken.receive(12))).isEqualTo(SIGNATURE);
        }
    }

    @Test
    void unlessItIsConfiguredTheHeaderGoesFirst() throws IOException {
        start("always");
        firstAgent.handedOver(HANDLE);
        try (BridgeAgent app = openFirst(Optional.of(HANDLE));
                End taken = secondAgent.accept()) {
            assertThat(Bytes.wrap(taken.receive(12))).isEqualTo(SIGNATURE);
        }
    }
}
