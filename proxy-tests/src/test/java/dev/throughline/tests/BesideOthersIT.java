package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.demo.Namespace;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One hop beside the rules and routes of other programs. The server's host records the source port of every packet
 * that reaches it: an application's own port there means that a captured connection bypassed the hop.
 */
@NeedsNamespaces
@NeedsPrograms("iptables-nft-restore")
@Timeout(180)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"tproxy", "redirect"})
class BesideOthersIT {
    private static final Path RULES = Path.of("src/test/resources/beside");

    /** A program, represented by the commands of its start and stop. */
    enum Neighbour {
        DOCKER(
                "iptables-nft-restore -n <docker.iptables",
                "iptables-nft -t nat -F; iptables-nft -F; iptables-nft -P FORWARD ACCEPT"),
        KUBE_PROXY_IPTABLES(
                "iptables-nft-restore -n <kube-proxy.iptables && ip6tables-nft-restore -n <kube-proxy.ip6tables",
                "iptables-nft -t nat -F; iptables-nft -F; ip6tables-nft -t nat -F"),
        KUBE_PROXY_NFTABLES("nft -f kube-proxy.nft", "nft delete table ip kube-proxy"),
        UFW(
                "iptables-nft-restore -n <ufw.iptables && ip6tables-nft-restore -n <ufw.ip6tables",
                "for i in iptables-nft ip6tables-nft; do $i -P INPUT ACCEPT; $i -F; done"),
        FIREWALLD("nft -f firewalld.nft", "nft delete table inet firewalld"),
        TAILSCALE(
                "iptables-nft-restore -n <tailscale.iptables && ip6tables-nft-restore -n <tailscale.iptables && sh tailscale-rules.sh add",
                "sh tailscale-rules.sh del; for i in iptables-nft ip6tables-nft; do $i -F; $i -t mangle -F; $i -t nat -F; done"),
        WG_QUICK("nft -f wg-quick.nft && sh wg-quick.sh add", "sh wg-quick.sh del; nft delete table ip wg-quick-wg0"),
        STRONGSWAN(
                "ip rule add priority 220 lookup 220 && ip route add 198.51.100.0/24 dev lo table 220",
                "ip rule del priority 220; ip route flush table 220"),
        OPENVPN(
                "ip route add 0.0.0.0/1 via 10.91.9.2 && ip route add 128.0.0.0/1 via 10.91.9.2",
                "ip route del 0.0.0.0/1; ip route del 128.0.0.0/1"),
        /** Removes all policy rules and routes of other programs, except the kernel's. */
        NETWORKD(
                "for family in -4 -6; do ip $family rule flush protocol boot; ip $family rule flush protocol static; done",
                "true"),
        NFTABLES_SERVICE("nft -f nftables.conf", "nft delete table inet filter"),
        IPTABLES_RESTORE("iptables-nft-restore <ufw.iptables", "iptables-nft -P INPUT ACCEPT; iptables-nft -F");

        final String start;
        final String stop;

        Neighbour(String start, String stop) {
            this.start = start;
            this.stop = stop;
        }
    }

    @TempDir
    static Path folder;

    private static OneHost scene;
    private static String way;

    BesideOthersIT(String unused) {}

    @BeforeParameterizedClassInvocation
    static void start(String chosen) throws IOException {
        way = chosen;
        scene = OneHost.bare(Files.createDirectory(folder.resolve(chosen)));
        scene.web().run("nft", """
                table inet seen {
                  set ports { type inet_service; flags dynamic; }
                  chain in { type filter hook prerouting priority 0; tcp dport { 80, 8000 } add @ports { tcp sport }; }
                }""");
        scene.hops().keys("hop-a").configure("hop-a", configuration("0x1071", 15001));
        scene.hops().start("hop-a");
    }

    private static String configuration(String mark, int port) {
        return """
                mark: %s
                listeners:
                  - { name: apps, mode: transparent, by: %s, port: %d, capture: { ports: [80, 8000-8099] } }
                route: { to: destination }
                """.formatted(mark, way, port);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        scene.close();
    }

    private static void shell(String commands) throws IOException {
        scene.host().run("sh", "-c", "cd " + RULES.toAbsolutePath() + " && " + commands);
    }

    /** Asserts that flows of both families are captured and identified, and that nothing bypasses the hop. */
    private static void works() throws IOException {
        works(List.of(OneHost.WEB, OneHost.WEB6));
    }

    private static void works(List<InetSocketAddress> destinations) throws IOException {
        for (InetSocketAddress to : destinations) {
            byte[] payload = Payload.bytes(10_000);
            forgetSeenPorts();
            try (Party.Line line = scene.app().open(to)) {
                Payload.assertSame(line.say(payload), payload);
                JsonTree flow = scene.a().closedOf(line.source(), line.destination());
                assertThat(flow.text("reason")).isEqualTo("completed");
                OneHost.isOf(flow.object("originator"), scene.app());
                assertThat(seenPorts()).doesNotContain(line.source().getPort());
            }
        }
    }

    /** An earlier connection of the hop may have had the port that the application gets next. */
    private static void forgetSeenPorts() throws IOException {
        scene.web().run("nft", "flush", "set", "inet", "seen", "ports");
    }

    private static Set<Integer> seenPorts() throws IOException {
        String set = scene.web().run("nft", "-n", "list", "set", "inet", "seen", "ports");
        int elements = set.indexOf("elements");
        if (elements < 0) {
            // A connection that is refused at once may send no packet to the server.
            return Set.of();
        }
        return Pattern.compile("\\b\\d+\\b")
                .matcher(set.substring(elements))
                .results()
                .map(port -> Integer.valueOf(port.group()))
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @EnumSource(Neighbour.class)
    void capturesBesideTheRulesOfAnotherProgram(Neighbour neighbour) throws IOException {
        try {
            shell(neighbour.start);
            if (neighbour == Neighbour.FIREWALLD && way.equals("redirect")) {
                // It rejects packets to ::/96, which includes ::1, before it checks the device.
                works(List.of(OneHost.WEB));
                scene.nothingArrives(
                        () -> assertThat(scene.app().isRefused(OneHost.WEB6)).isTrue());
            } else {
                works();
            }
        } finally {
            shell("{ " + neighbour.stop + "; }");
        }
        works();
    }

    /** Later packets of a forgotten connection pass the hop or are dropped. */
    @Test
    void nothingLeavesPastTheHopAfterConntrackForgot() throws IOException {
        byte[] payload = Payload.bytes(1_000);
        forgetSeenPorts();
        try (Party.Line line = scene.app().open(OneHost.WEB)) {
            scene.host().run("conntrack", "-F");
            try {
                Payload.assertSame(line.say(payload), payload);
            } catch (IOException refused) {
                assertThat(refused).hasMessageContaining("party");
            }
            assertThat(seenPorts()).doesNotContain(line.source().getPort());
        }
        works();
    }

    /**
     * The address of a published port or of a service is translated before TPROXY gets the connection, and after REDIRECT
     * got it: then the hop's own connection is translated. In both cases the originator is identified.
     */
    @Test
    void namesWhoConnectedToATranslatedDestination() throws IOException {
        InetSocketAddress published = Party.endpoint("10.91.9.1:8081");
        try {
            shell("iptables-nft-restore -n <docker.iptables");
            forgetSeenPorts();
            try (Party.Line line = scene.app().open(published)) {
                byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
                Payload.assertSame(line.say(hello), hello);
                // REDIRECT comes before the translation, TPROXY after it.
                InetSocketAddress destination = way.equals("redirect") ? published : OneHost.WEB;
                JsonTree who = scene.a().closedFrom(line.source(), published).object("originator");
                assertThat(who.text("destination")).isEqualTo(Tuple.text(destination));
                OneHost.isOf(who, scene.app());
                assertThat(seenPorts()).doesNotContain(line.source().getPort());
            }
        } finally {
            shell("{ " + Neighbour.DOCKER.stop + "; }");
        }
    }

    /**
     * Both marks have kube-proxy's bit: the connection between the hops gets another source address, and by TPROXY that of the
     * application to the first hop as well. Conntrack has the original addresses.
     */
    @Test
    void namesWhoConnectedThoughKubeProxyMasqueradesAndDoctorNamesTheRule() throws IOException {
        try (Namespace host = Namespace.host("node");
                Hops hops = new Hops(Files.createDirectory(folder.resolve(way + "-node")), host::command)) {
            Namespace web = host.neighbour("web");
            host.join(web, "10.91.9.1/24", "10.91.9.2/24");
            host.run("ip", "address", "add", "10.91.8.1/32", "dev", "lo");
            hops.keys("hop-a", "hop-b");
            hops.configure("hop-a", """
                    mark: 0x4071
                    later-marks: [0x4072]
                    listeners:
                      - { name: apps, mode: transparent, by: %s, port: 15001, capture: { ports: [80] } }
                    route: { to: hop-b, by: interception }
                    """.formatted(way));
            hops.configure("hop-b", """
                    mark: 0x4072
                    listeners:
                      - { name: from-a, mode: chain, by: %s, port: 15002,
                          previous: { hop: hop-a, mark: 0x4071, pid-file: hop-a.pid } }
                    route: { to: destination }
                    """.formatted(way));
            hops.start("hop-a", "hop-b");
            host.run(
                    "nft",
                    "-f",
                    RULES.resolve("kube-proxy.nft").toAbsolutePath().toString());
            try (Party server = Party.start(web::command);
                    Party app = Party.start(host::command)) {
                server.ready().serve(OneHost.WEB);
                app.ready();
                try (Party.Line line = app.open(OneHost.WEB)) {
                    byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
                    Payload.assertSame(line.say(hello), hello);
                    JsonTree flow = hops.get("hop-b").closedOf(line.source(), line.destination());
                    assertThat(flow.text("reason")).isEqualTo("completed");
                    OneHost.isOf(flow.object("originator"), app);
                }
            }
            assertThat(doctor(host, hops.config("hop-a")))
                    .contains("warn  mark 0x4071 has bits that well-known programs use: kube-proxy (0x4000")
                    .contains("warn  later mark 0x4072 has bits")
                    .containsPattern(
                            "warn  table ip kube-proxy, chain masquerading, handle \\d+: \"masquerade fully-random\""
                                    + " changes the source address of the hop's own connections");
        }
    }

    /** Packets of containers are forwarded: their connections weren't opened on this host. */
    @Test
    void leavesConnectionsOfContainersAlone() throws IOException {
        Namespace box = scene.host().neighbour("box" + way.length());
        scene.host().join(box, "10.91.7.1/24", "10.91.7.2/24");
        DefaultRoute.via(box, "10.91.7.1");
        scene.web().run("ip", "route", "add", "10.91.7.0/24", "via", "10.91.9.1");
        scene.host().run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
        try (Party container = Party.start(box::command)) {
            container.ready();
            try (Party.Line line = container.open(OneHost.WEB)) {
                byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
                Payload.assertSame(line.say(hello), hello);
                assertThat(seenPorts()).contains(line.source().getPort());
            }
        }
    }

    private static String doctor(Namespace host, Path config) throws IOException {
        Process doctor = host.command(Program.throughline("doctor", "-c", config.toString()))
                .redirectErrorStream(true)
                .start();
        String output = new String(doctor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        doctor.onExit().join();
        return output;
    }

    @Test
    void refusesTheMarkOfAnotherHopAndLeavesItsRulesAlone() throws IOException {
        scene.hops().keys("second").configure("second", configuration("0x1071", 15002));

        assertThatThrownBy(() -> scene.hops().redirect("apply", "second"))
                .hasMessageContaining(
                        "mark 0x1071 belongs to hop hop-a, whose table inet throughline-hop-a is installed");
        works();
        assertThat(doctor(scene.host(), scene.hops().config("second")))
                .contains("ERROR hop hop-a on this host has the same mark");
        scene.hops().redirect("remove", "second");
        works();
    }
}
