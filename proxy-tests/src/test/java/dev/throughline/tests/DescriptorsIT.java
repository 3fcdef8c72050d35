package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop whose flows have taken every descriptor: in operation, beyond what it calculated when it started. */
@NeedsPrograms("prlimit")
@Timeout(180)
class DescriptorsIT {
    private static final String SHORTAGE = "listener apps: connections are reset";

    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress APPS = NET.at(1, 17001);

    @TempDir
    Path folder;

    private EchoServer destination;
    private Hops hops;
    private RunningHop hop;
    private Descriptors descriptors;
    private final List<End> flows = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: destination }
                """.formatted(Tuple.text(APPS), Tuple.text(destination.address())));
        hop = hops.start("hop-a", List.of("prlimit", "--nofile=4096:4096"), process -> {});
        descriptors = new Descriptors(hop);
        // Flows use the descriptors that its start left free, so the limit is beyond its reserve.
        int unused = descriptors.nextFree(40);
        while (descriptors.nextFree(0) < unused) {
            flows.add(served());
        }
        // A limit at a gap would be below the descriptors of the flows, which would stay out of reach when they end.
        while (descriptors.hasGap() && flows.size() < 200) {
            flows.add(served());
        }
    }

    @AfterEach
    void stop() throws IOException {
        for (End flow : flows) {
            flow.close();
        }
        hops.close();
        destination.close();
    }

    private static End served() throws IOException {
        End app = End.connect(APPS);
        assertThat(converse(app)).isEqualTo("hello");
        return app;
    }

    private static String converse(End app) throws IOException {
        return app.send("hello").receiveText(5);
    }

    private static boolean isRefused() throws IOException {
        return End.isRefused(Optional.empty(), APPS, 0);
    }

    /** Waits for the log, since the metrics need a descriptor. */
    private void endFlows(int count) throws IOException {
        long before = ended();
        for (int i = 0; i < count; i++) {
            flows.removeLast().close();
        }
        await().until(() -> ended() == before + count);
    }

    private long ended() {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close")
                        && !line.text("reason").equals("no-descriptors"))
                .count();
    }

    private long endedWithoutDescriptors() {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close")
                        && line.text("reason").equals("no-descriptors"))
                .count();
    }

    private List<String> said(String text) {
        return hop.process().messages().stream()
                .filter(line -> line.contains(text))
                .toList();
    }

    @Test
    @Tag("attack")
    void withoutDescriptorsConnectionsAreResetAndTheHopIsNotReadyUntilFlowsEnd() throws IOException {
        descriptors.leave(0);
        for (int i = 0; i < 3; i++) {
            assertThat(isRefused()).isTrue();
        }
        for (End flow : flows) {
            assertThat(converse(flow)).isEqualTo("hello");
        }

        endFlows(10);

        // It may still report the shortage at first, because it checks once a second.
        await().untilAsserted(() -> assertThat(hop.get("/-/ready"))
                .contains(
                        "not ready",
                        "connections are reset: no descriptor or memory is left",
                        mostFlows(flows.size())));
        hop.awaitMetric("throughline_accepts_refused_total", 3);
        assertThat(said(SHORTAGE))
                .singleElement()
                .asString()
                .contains("reached its limit of open files", "LimitNOFILE=", "ulimit -n")
                .endsWith("; " + mostFlows(flows.size() + 10));
        flows.add(served());
        await().atMost(Duration.ofSeconds(10)).until(() -> hop.get("/-/ready"), "ready\n"::equals);
        hop.awaitMetric("throughline_accepts_refused_total", 3);
    }

    private static String mostFlows(int count) throws IOException {
        return "most flows: user %s on edge-1, %d of %d"
                .formatted(Files.getAttribute(Path.of("/proc/self"), "unix:uid"), count, count);
    }

    /** Identification, the log and the admin interface need descriptors too, and their failures reach no listener. */
    @Test
    @Tag("attack")
    void flowsThatTakeEveryDescriptorMakeTheHopNotReadyEvenWithoutNewConnections() throws IOException {
        try (SocketChannel admin = adminConnection()) {
            descriptors.leave(0);
            assertThat(hop.awaitMessage("hop: no descriptor is left"))
                    .contains("LimitNOFILE=")
                    .endsWith("; " + mostFlows(flows.size()));
            assertThat(answer(admin, "/-/ready")).contains("503", "no descriptor is left", mostFlows(flows.size()));
        }
        descriptors.leaveAll();

        await().atMost(Duration.ofSeconds(10)).until(() -> hop.get("/-/ready"), "ready\n"::equals);
        flows.add(served());
    }

    /** One that is accepted already. */
    private SocketChannel adminConnection() throws IOException {
        SocketChannel connection = SocketChannel.open(UnixDomainSocketAddress.of(hop.adminSocket()));
        assertThat(hop.get("/-/ready")).isEqualTo("ready\n");
        return connection;
    }

    private static String answer(SocketChannel admin, String path) throws IOException {
        Channels.newOutputStream(admin)
                .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        return new String(Channels.newInputStream(admin).readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    @Tag("attack")
    void withoutADescriptorForTheUpstreamConnectionTheDestinationIsNotBlamed() throws IOException {
        // More than those that were served: the breaker would open if the transport were to blame.
        int most = flows.size() + 10;
        while (endedWithoutDescriptors() < most) {
            // One may get the descriptor that the hop reserves for refusing others.
            descriptors.leave(1);
            try (End app = End.connect(APPS)) {
                assertThat(app.isOverWithin(1000) || converse(app).equals("hello"))
                        .isTrue();
            } catch (SocketException e) {
                // It was reset before it could be used.
            }
        }
        descriptors.leaveAll();

        assertThat(hop.closed(line -> line.text("reason").equals("no-descriptors"))
                        .text("detail"))
                .contains("LimitNOFILE=");
        await().until(() -> hop.closedFor("no-descriptors") == endedWithoutDescriptors());
        for (String reason : List.of("connect-failed", "start-failed", "internal-error")) {
            assertThat(hop.closedFor(reason)).as(reason).isZero();
        }
        assertThat(said("transport bsd-socket: flows end with no-descriptors")).hasSize(1);
        assertThat(hop.metric("throughline_transport_breaker{state=\"closed\",transport=\"bsd-socket\"}"))
                .isEqualTo(1);
        flows.add(served());
    }
}
