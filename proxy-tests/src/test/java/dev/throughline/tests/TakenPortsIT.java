package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A host with few source ports towards its next hop, which is an echo server. */
@NeedsNamespaces
@Timeout(180)
class TakenPortsIT {
    /** A port is free again after a minute in TIME_WAIT: one application that opens 300 flows a second never has 28,000. */
    private static final int PORTS = AttackSize.of(200, 12_000);

    private static final InetSocketAddress APPS = Party.endpoint("127.0.0.1:7080");
    private static final String POOL = "throughline_budget_in_use{pool=\"ports to hop-b\"}";

    @TempDir
    Path folder;

    /** Each of its connections leaves a port in TIME_WAIT for a minute. */
    @Test
    @Tag("attack")
    void oneUsersShortFlowsTakeEveryPortToTheNextHop() throws IOException {
        try (OneHost scene = OneHost.bare(folder)) {
            RunningHop hop = start(scene, "2", "10.91.9.2:80", "200ms");
            int flows = 0;
            while (hop.closedFor("no-ports") == 0) {
                assertThat(flows).isLessThan(PORTS);
                shortFlow(scene, flows++);
            }

            assertThat(hop.closed(line -> line.text("reason").equals("no-ports"))
                            .text("detail"))
                    .startsWith("the rest of ports to hop-b is reserved for others");
            assertThat(shell(scene)).endsWith("hello");
            assertThat(flows).isGreaterThan(PORTS * 3 / 4);
            assertThat(hop.metric(POOL)).isGreaterThanOrEqualTo(flows - 1);
            hop.awaitMetric("throughline_flows_open", 0);
            assertThat(hop.get("/-/ready")).isEqualTo("ready\n");
            for (String reason : List.of("connect-failed", "start-failed", "no-slot")) {
                assertThat(hop.closedFor(reason)).as(reason).isZero();
            }
        }
    }

    @Test
    void portsThatTheKernelUsesAgainComeBackSoon() throws IOException {
        try (OneHost scene = OneHost.bare(folder)) {
            RunningHop hop = start(scene, "1", "10.91.9.2:80", "5s");
            for (int i = 0; i < 2 * 40; i++) {
                shortFlow(scene, i);
            }

            hop.awaitMetric("throughline_flows_closed_total{reason=\"completed\"}", 2 * 40);
            assertThat(hop.closedFor("no-ports")).isZero();
        }
    }

    @Test
    void severalAddressesOfTheNextHopHaveSeveralTimesThePorts() throws IOException {
        try (OneHost scene = OneHost.bare(folder)) {
            RunningHop hop = start(scene, "2", "10.91.9.2:80\", \"10.91.9.2:8000", "5s");

            assertThat(hop.metric("throughline_budget_capacity{pool=\"ports to hop-b\"}"))
                    .isEqualTo(2 * (40 - 40 / 16));
            for (int i = 0; i < 60; i++) {
                shortFlow(scene, i);
            }
            hop.awaitMetric("throughline_flows_closed_total{reason=\"completed\"}", 60);
            assertThat(hop.closedFor("no-ports")).isZero();
        }
    }

    private RunningHop start(OneHost scene, String reuse, String at, String wait) throws IOException {
        int ports = wait.equals("200ms") ? PORTS : 40;
        scene.host()
                .run("sh", "-c", "echo 30000 " + (30_000 + ports - 1) + " > /proc/sys/net/ipv4/ip_local_port_range");
        scene.host().run("sh", "-c", "echo " + reuse + " > /proc/sys/net/ipv4/tcp_tw_reuse");
        scene.hops().keys("hop-a").configure("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "127.0.0.1:7080", destination: "192.0.2.80:80" }
                route: { to: hop-b, at: ["%s"] }
                classes: { default: { wait: %s } }
                """.formatted(at, wait));
        scene.hops().start("hop-a");
        return scene.a();
    }

    /** A flow whose application finishes first, as its hop then does too. Its own port is not of the range. */
    private static void shortFlow(OneHost scene, int number) throws IOException {
        Optional<InetSocketAddress> source = Optional.of(Party.endpoint("127.0.1.1:" + (60_000 + number % 5000)));
        try (Party.Line line = scene.app().open(source, APPS, 0)) {
            line.say(new byte[] {1});
        } catch (IOException e) {
            // It was refused; the hop's log says why.
            assertThat(e).hasMessageContaining("reset");
        }
    }

    /** Returns the answer to a shell of another user, after the header. */
    private static String shell(OneHost scene) throws IOException {
        Process shell = scene.host()
                .command(List.of(
                        "setpriv",
                        "--reuid=65534",
                        "--clear-groups",
                        "bash",
                        "-c",
                        "exec 3<>/dev/tcp/127.0.0.1/7080 && echo hello >&3 && grep -a -m1 -o 'hello$' <&3"))
                .redirectErrorStream(true)
                .start();
        return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }
}
