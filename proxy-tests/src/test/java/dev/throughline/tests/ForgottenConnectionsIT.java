package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.demo.Namespace;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Captured connections whose conntrack entry is gone, sockets that can't be captured as others are, and connections that were
 * open before the rules. The server's host counts packets from the applications' own ports, which the hop never uses.
 */
@NeedsNamespaces
@NeedsPrograms("conntrack")
@Order(1)
@Timeout(180)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"tproxy", "redirect"})
class ForgottenConnectionsIT {
    private static final InetSocketAddress WEB = Party.endpoint("10.77.1.2:8080");
    private static final InetSocketAddress WEB6 = Party.endpoint("[fd77::2]:8080");
    private static final InetSocketAddress OTHER = Party.endpoint("10.77.1.2:9000");
    private static final byte[] HELLO = {1, 2, 3, 4};

    @TempDir
    static Path folder;

    private static Namespace host;
    private static Namespace far;
    private static Party app;
    private static Party server;
    /** The source port of the next connection; each is unique, so that no earlier state affects it. */
    private static int port = 20_000;

    @Parameter
    private String way = "";

    private Hops hops;

    @BeforeParameterizedClassInvocation
    static void build() throws IOException {
        host = Namespace.host("host");
        far = host.neighbour("far");
        host.join(far, "10.77.1.1/24", "10.77.1.2/24");
        host.join(far, "fd77::1/64", "fd77::2/64");
        server = Party.start(far::command);
        server.ready().serve(WEB).serve(WEB6).serve(OTHER);
        app = Party.start(host::command);
        app.ready();
    }

    @AfterParameterizedClassInvocation
    static void end() throws IOException {
        app.close();
        server.close();
        host.close();
    }

    @BeforeEach
    void start() throws IOException {
        far.run("nft", """
                flush ruleset
                table inet seen {
                  counter payload {}
                  chain in {
                    type filter hook prerouting priority 0
                    tcp sport 20000-29999 tcp dport 8000-8099 tcp flags & syn == 0 counter name payload
                  }
                }""");
        hops = new Hops(Files.createTempDirectory(folder, "hop"), host::command).keys("hop-a");
    }

    /** Removes the hop and what it leaves to the next one, so that each test begins without rules. */
    @AfterEach
    void stop() throws IOException {
        hops.close();
        host.run("nft", "flush", "ruleset");
        for (String family : List.of("-4", "-6")) {
            host.run("sh", "-c", "ip %s rule del fwmark 0x11071/0x3ffff 2>&1 || true".formatted(family));
        }
    }

    private void hop(String capture, String rest) throws IOException {
        hops.configure("hop-a", """
                mark: 0x1071
                listeners:
                  - name: apps
                    mode: transparent
                    by: %s
                    port: 15001
                    capture: { %s }
                route: { to: destination }
                """.formatted(way, capture) + rest);
        if (rest.contains("repair: false")) {
            // Otherwise the hop installs its rules itself.
            hops.redirect("apply", "hop-a");
        }
        hops.start("hop-a");
    }

    private static Party.Line open(InetSocketAddress to) throws IOException {
        return open(app, to);
    }

    private static Party.Line open(Party app, InetSocketAddress to) throws IOException {
        String own = to.equals(WEB6) ? "[fd77::1]:" : "10.77.1.1:";
        return app.open(Optional.of(Party.endpoint(own + port++)), to, 0);
    }

    private static void forget() throws IOException {
        host.run("conntrack", "-F");
    }

    private static void nothingPassedTheHop() throws IOException {
        assertThat(far.run("nft", "list", "counter", "inet", "seen", "payload")).contains("packets 0 ");
    }

    private static List<InetSocketAddress> both() {
        return List.of(WEB, WEB6);
    }

    @Test
    void aConnectionContinuesThroughTheHopAfterConntrackForgotIt() throws IOException {
        hop("ports: [8000-8099]", "");
        for (InetSocketAddress to : both()) {
            try (Party.Line line = open(to)) {
                for (int i = 0; i < 3; i++) {
                    assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                    forget();
                }
                assertThat(line.say(HELLO)).isEqualTo(HELLO);
                JsonTree flow = hops.get("hop-a").closedOf(line.source(), to);
                assertThat(flow.text("bytes_out")).isEqualTo("16");
            }
        }
        nothingPassedTheHop();
    }

    /** The entry has expired, as it does a minute after a half-close. */
    @Test
    void nothingLeavesWhenTheEntryExpiredAfterTheHopHadAnsweredAndClosed() throws IOException {
        hop("ports: [8000-8099]", "");
        setConntrackTimeouts(1, 1);
        try {
            for (InetSocketAddress to : both()) {
                try (Party.Line line = open(to)) {
                    assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                    forget();
                    line.send(HELLO);
                    line.send(HELLO);
                }
            }
            hops.get("hop-a").awaitMetric("throughline_flows_open", 0);
            nothingPassedTheHop();
        } finally {
            // The defaults of the kernel.
            setConntrackTimeouts(60, 120);
        }
    }

    private static void setConntrackTimeouts(int closeWait, int finWait) throws IOException {
        String timeout = "net.netfilter.nf_conntrack_tcp_timeout_";
        host.run("sysctl", "-qw", timeout + "close_wait=" + closeWait, timeout + "fin_wait=" + finWait);
    }

    @Test
    void packetsAfterTheEndOfTheHopAreReset() throws IOException {
        hop("ports: [8000-8099]", "");
        for (InetSocketAddress to : both()) {
            try (Party.Line line = open(to)) {
                assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                hops.get("hop-a").process().process().destroyForcibly().onExit().join();
                forget();
                // Either a reset, or the killed hop's end and then a reset: no wait.
                line.isReset();
            }
            nothingPassedTheHop();
            hops.start("hop-a");
        }
    }

    /** The kernel completes the handshake; when the hop accepts the connection, conntrack has forgotten its destination. */
    @Test
    void anApplicationDoesNotWaitWhenConntrackForgotItsConnectionBeforeTheHopAcceptedIt() throws IOException {
        if (way.equals("tproxy")) {
            // The socket that was accepted has both ends.
            return;
        }
        hop("ports: [8000-8099]", "");
        for (InetSocketAddress to : both()) {
            signal("STOP");
            try (Party.Line line = open(to)) {
                forget();
                signal("CONT");
                assertThat(line.isReset()).isTrue();
                hops.get("hop-a")
                        .awaitMessage("aborted socket of an application, " + Tuple.text(line.source()) + " to "
                                + Tuple.text(to) + ": conntrack forgot it before it was accepted");
            }
        }
        hops.get("hop-a").awaitMetric("throughline_interception_aborted_total", 2);
        nothingPassedTheHop();
    }

    private void signal(String signal) throws IOException {
        host.run("kill", "-" + signal, Long.toString(hops.get("hop-a").pid()));
    }

    @Test
    void anApplicationDoesNotWaitWhenLoIsDownAtTheEndOfItsFlow() throws IOException {
        hop("ports: [8000-8099]", "limits: { idle-timeout: 2s }\ninterception: { repair: false }\n");
        for (InetSocketAddress to : both()) {
            try (Party.Line line = open(to)) {
                assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                host.run("ip", "link", "set", "lo", "down");
                assertThat(line.isReset()).isTrue();
                hops.get("hop-a")
                        .awaitMessage("aborted socket of an application, " + Tuple.text(line.source()) + " to "
                                + Tuple.text(to) + ": no reset reached it");
            }
            host.run("ip", "link", "set", "lo", "up");
            hops.redirect("apply", "hop-a");
        }
        hops.get("hop-a").awaitMetric("throughline_interception_aborted_total", 2);
        nothingPassedTheHop();
    }

    @Test
    void aSocketThatIsBoundToADeviceIsServedOrRefusedSoon() throws IOException {
        hop("ports: [8000-8099]", "");
        String exit = host.run(
                        "sh",
                        "-c",
                        "curl -s -m 4 --http0.9 --interface to-far -o /dev/null http://10.77.1.2:8080/; echo $?")
                .strip();
        if (way.equals("tproxy")) {
            // The echo never ends.
            assertThat(exit).isEqualTo("28");
            assertThat(hops.get("hop-a").closed(flow -> true).text("bytes_in")).isNotEqualTo("0");
        } else {
            assertThat(exit).isEqualTo("7");
        }
        nothingPassedTheHop();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-4", "-6"})
    void withoutThePolicyRuleConnectionsAreRefused(String family) throws IOException {
        if (way.equals("redirect")) {
            // It has none.
            return;
        }
        hop("ports: [8000-8099]", "interception: { repair: false }\n");
        host.run("ip", family, "rule", "del", "fwmark", "0x11071/0x3ffff");
        assertThat(app.isRefused(family.equals("-6") ? WEB6 : WEB)).isTrue();
        nothingPassedTheHop();
    }

    /** Also when conntrack forgets it: it bypasses the hop, as doctor reports. */
    @Test
    void connectionsFromBeforeTheRulesContinueAndDoctorNamesThem() throws IOException {
        try (Party.Line before = open(WEB);
                Party.Line before6 = open(WEB6)) {
            assertThat(before.exchange(HELLO)).isEqualTo(HELLO);
            assertThat(before6.exchange(HELLO)).isEqualTo(HELLO);
            hop("ports: [8000-8099]", "");
            String doctor = host.run(
                    "sh",
                    "-c",
                    String.join(
                                    " ",
                                    Program.throughline(
                                            "doctor", "-c", hops.config("hop-a").toString())) + " || true");
            assertThat(doctor)
                    .contains("2 connections were open before the rules were installed, not captured")
                    .contains(Tuple.text(before.source()) + " to 10.77.1.2:8080, process " + app.pid());
            for (Party.Line line : List.of(before, before6)) {
                forget();
                assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                forget();
                assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
            }
            // The rules are replaced; the set still contains the connection.
            hops.redirect("apply", "hop-a");
            forget();
            assertThat(before.say(HELLO)).isEqualTo(HELLO);
            assertThat(before6.say(HELLO)).isEqualTo(HELLO);
            assertThat(hops.get("hop-a").flows()).isEmpty();
        }
    }

    /** A server on the hop's host answers as before, whatever conntrack knows, although all ports are captured. */
    @Test
    void aServerOfThisHostIsNotTakenForAnApplication() throws IOException {
        try (Party local = Party.start(host::command);
                Party client = Party.start(far::command)) {
            InetSocketAddress here = Party.endpoint("10.77.1.1:7000");
            local.ready().serve(here);
            client.ready();
            hop("ports: [1-65535]", "");
            try (Party.Line line = client.open(here)) {
                for (int i = 0; i < 3; i++) {
                    assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                    forget();
                }
                assertThat(line.say(HELLO)).isEqualTo(HELLO);
            }
            assertThat(hops.get("hop-a").flows()).isEmpty();
        }
    }

    /** Changes of packet marks by other programs in the output path have no effect. */
    @Test
    void anotherProgramThatSetsMarksTakesNothingAway() throws IOException {
        hop("ports: [8000-8099]", "");
        host.run("nft", """
                table inet marks {
                  chain out { type route hook output priority 0; tcp dport 8080 meta mark set 0x1; }
                }""");
        for (InetSocketAddress to : both()) {
            try (Party.Line line = open(to)) {
                assertThat(line.say(HELLO)).isEqualTo(HELLO);
                assertThat(hops.get("hop-a").closedOf(line.source(), to).text("reason"))
                        .isEqualTo("completed");
            }
        }
        nothingPassedTheHop();
    }

    /**
     * Changes of connection marks by other programs have no effect either, before and after this hop's rules. That the server
     * answers a stray packet by a reset is suppressed here: that would end the connection before anything could leak.
     */
    @Test
    void anotherProgramThatSetsTheConnectionsMarkTakesNothingAway() throws IOException {
        hop("ports: [8000-8099]", "");
        far.run("nft", """
                table inet silent {
                  chain out { type filter hook output priority 0; tcp flags & rst == rst drop; }
                }""");
        for (int priority : List.of(-175, -150, 0, 50)) {
            for (InetSocketAddress to : both()) {
                try (Party.Line line = open(to)) {
                    assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                    host.run("nft", """
                            table inet marks {
                              chain out { type filter hook output priority %d; ct mark set 0x5; }
                            }""".formatted(priority));
                    for (int i = 0; i < 3; i++) {
                        assertThat(line.exchange(HELLO)).isEqualTo(HELLO);
                    }
                    assertThat(line.say(HELLO)).isEqualTo(HELLO);
                }
                host.run("nft", "delete table inet marks");
            }
            nothingPassedTheHop();
        }
    }

    @Test
    void connectionsExemptFromConntrackAreServedOrRefused() throws IOException {
        hop("ports: [8000-8099]", "");
        host.run("nft", """
                table inet raw {
                  chain out { type filter hook output priority raw; tcp dport 8080 notrack; }
                }""");
        for (InetSocketAddress to : both()) {
            if (way.equals("redirect")) {
                assertThat(app.isRefused(to)).isTrue();
            } else {
                try (Party.Line line = open(to)) {
                    assertThat(line.say(HELLO)).isEqualTo(HELLO);
                }
            }
        }
        nothingPassedTheHop();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "except-devices: [to-far]",
                "except-marks: [0x40000/0xff0000]",
                "except-destinations: [10.77.0.0/16]"
            })
    void connectionsExcludedByConfigurationPass(String exception) throws IOException {
        hop("ports: [8000-8099], " + exception, "");
        int mark = exception.contains("marks") ? 0x40000 : 0;
        try (Party.Line line = app.open(Optional.empty(), WEB, mark)) {
            assertThat(line.say(HELLO)).isEqualTo(HELLO);
        }
        assertThat(hops.get("hop-a").process().flowLog()).isEmpty();
    }

    /** Uses a separate cgroup; skipped if the test can't create one. */
    @Test
    void connectionsOfAnExcludedCgroupPass() throws IOException {
        Path root = Path.of(
                Files.exists(Path.of("/sys/fs/cgroup/unified/cgroup.procs"))
                        ? "/sys/fs/cgroup/unified"
                        : "/sys/fs/cgroup");
        Path group = root.resolve("throughline-test-" + ProcessHandle.current().pid());
        assumeTrue(Files.isWritable(root), "skipped: no right to make a cgroup");
        Files.createDirectory(group);
        try (Party exempt = Party.start(host::command).ready()) {
            hop("ports: [8000-8099], except-cgroups: [" + group.getFileName() + "]", "");
            Files.writeString(group.resolve("cgroup.procs"), Long.toString(exempt.pid()));
            try (Party.Line line = open(exempt, WEB)) {
                assertThat(line.say(HELLO)).isEqualTo(HELLO);
            }
            assertThat(hops.get("hop-a").process().flowLog()).isEmpty();
        } finally {
            await().atMost(Duration.ofSeconds(10)).until(() -> group.toFile().delete());
        }
    }

    @Test
    void udpToCapturedPortsIsRejectedIfConfigured() throws IOException {
        hop("ports: [8000-8099], udp: refuse", "");
        assertThat(udp("10.77.1.2/8080")).contains("Connection refused");
        assertThat(udp("fd77::2/8080")).contains("Connection refused");
    }

    /** The error of the first datagram is reported by the write of the second. */
    private String udp(String to) throws IOException {
        return host.run("bash", "-c", "exec 3<>/dev/udp/" + to + "; for i in 1 2 3; do echo x >&3; done 2>&1; true");
    }
}
