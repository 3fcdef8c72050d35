package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A host with ten source ports; connections to one destination use all of them. */
@NeedsNamespaces
@Timeout(180)
class PortsIT {
    private static final int PORTS = 10;
    private static final InetSocketAddress WEB = Party.endpoint("127.0.0.1:7080");
    private static final InetSocketAddress OTHER = Party.endpoint("127.0.0.1:7081");

    @TempDir
    Path folder;

    @Test
    void aShortageOfPortsDoesNotBlameTheDestinationOrAffectOthers() throws IOException {
        try (OneHost scene = OneHost.bare(folder)) {
            scene.hops().keys("hop-a").configure("hop-a", """
                    listeners:
                      - { name: web, mode: transparent, by: plain, address: "127.0.0.1:7080", destination: "10.91.9.2:80" }
                      - { name: other, mode: transparent, by: plain, address: "127.0.0.1:7081", destination: "10.91.9.2:8000" }
                    route: { to: destination }
                    """);
            scene.hops().start("hop-a");
            range(scene, "40000 " + (40000 + PORTS - 1));
            RunningHop hop = scene.a();
            for (int i = 0; i < PORTS; i++) {
                Party.Line line = open(scene, i, WEB);
                assertThat(line.say(new byte[] {1})).containsExactly(1);
            }
            assertThat(scene.app().isRefused(source(PORTS), WEB)).isTrue();
            assertThat(hop.closed(line -> line.text("reason").equals("no-ports"))
                            .text("detail"))
                    .contains("10.91.9.2:80", "net.ipv4.ip_local_port_range");
            hop.awaitClosed("no-ports", 1);
            assertThat(hop.closedFor("connect-failed")).isZero();
            hop.awaitMessage("transport bsd-socket: flows end with no-ports");

            try (Party.Line line = open(scene, PORTS + 1, OTHER)) {
                assertThat(line.say(new byte[] {2})).containsExactly(2);
            }
            assertThat(hop.metric("throughline_transport_breaker{state=\"closed\",transport=\"bsd-socket\"}"))
                    .isEqualTo(1);

            range(scene, "40000 49999");
            try (Party.Line line = open(scene, PORTS + 2, WEB)) {
                assertThat(line.say(new byte[] {3})).containsExactly(3);
            }
        }
    }

    /** An agent of another host, which has ports. */
    @Test
    void aFlowWithoutAPortGoesOverTheNextTransportOfItsRoute() throws IOException {
        try (OneHost scene = OneHost.bare(folder)) {
            Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            scene.server().emulate(folder.resolve("opening.sock"));
            scene.hops().keys("hop-a").configure("hop-a", """
                    listeners:
                      - { name: web, mode: transparent, by: plain, address: "127.0.0.1:7080", destination: "10.91.9.2:80" }
                    transports: { network-framework: { socket: opening.sock, uid: %s } }
                    route: { to: destination, over: [bsd-socket, network-framework] }
                    """.formatted(uid));
            scene.hops().start("hop-a");
            RunningHop hop = scene.a();
            hop.awaitMetric("throughline_budget_capacity{pool=\"network-framework\"}", NetworkFrameworkEmulator.LIMIT);
            range(scene, "40000 " + (40000 + PORTS - 1));
            for (int i = 0; i < PORTS; i++) {
                assertThat(open(scene, i, WEB).say(new byte[] {1})).containsExactly(1);
            }
            for (int i = PORTS; i < 2 * PORTS; i++) {
                Party.Line line = open(scene, i, WEB);
                assertThat(line.say(new byte[] {2})).containsExactly(2);
                assertThat(hop.closedFrom(line.source(), WEB).text("transport")).isEqualTo("network-framework");
            }

            hop.awaitMetric("throughline_budget_fell_over_total{reason=\"no-ports\",transport=\"bsd-socket\"}", PORTS);
            assertThat(hop.closedFor("no-ports")).isZero();
            assertThat(hop.process().messages()).noneMatch(line -> line.contains("flows end with no-ports"));
            assertThat(hop.metric("throughline_transport_breaker{state=\"closed\",transport=\"bsd-socket\"}"))
                    .isEqualTo(1);
        }
    }

    /** The applications' own ports are not of the range. */
    private static Optional<InetSocketAddress> source(int number) {
        return Optional.of(Party.endpoint("127.0.0.1:" + (50_001 + number)));
    }

    private static Party.Line open(OneHost scene, int number, InetSocketAddress to) throws IOException {
        return scene.app().open(source(number), to, 0);
    }

    private static void range(OneHost scene, String range) throws IOException {
        scene.host().run("sh", "-c", "echo " + range + " > /proc/sys/net/ipv4/ip_local_port_range");
    }
}
