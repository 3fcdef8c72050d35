package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One hop, whose interception other programs break as on ordinary hosts. */
@NeedsNamespaces
@Order(1)
@Timeout(180)
class InterceptionWatchIT {
    /** Ten times what it takes on an idle machine; {@link Disturbance} checks that a hop is ready again within 5 s. */
    private static final Duration SOON = Duration.ofSeconds(20);
    /** The mark of diverted packets; its value is also the number of the routing table. */
    private static final String FWMARK = "0x17301/0x3ffff";

    private static final String TABLE_NUMBER = Integer.toString(0x17301);
    private static final String TABLE = "throughline-watched";

    @TempDir
    static Path folder;

    private static OneHost scene;
    private RunningHop hop;

    @BeforeAll
    static void build() throws IOException {
        scene = OneHost.bare(folder);
        // Without a route the hop can't send a canary to a documentation address.
        DefaultRoute.via(scene.host(), "10.91.9.2");
        DefaultRoute.via(scene.host(), "fd91:9::2");
        scene.hops().keys("watched");
    }

    @AfterAll
    static void end() throws IOException {
        scene.close();
    }

    @AfterEach
    void stop() throws IOException {
        scene.hops().close();
        host("nft", "flush", "ruleset");
        for (String family : List.of("-4", "-6")) {
            if (host("ip", family, "rule").contains(FWMARK)) {
                host("ip", family, "rule", "del", "fwmark", FWMARK);
            }
            host("ip", family, "route", "replace", "local", "default", "dev", "lo", "table", TABLE_NUMBER);
            host("ip", family, "route", "flush", "table", TABLE_NUMBER);
        }
    }

    private void start(String way, String interception) throws IOException {
        configure(way, interception);
        scene.hops().start("watched");
        hop = scene.hops().get("watched");
        awaitReady();
    }

    private static void configure(String way, String interception) throws IOException {
        scene.hops().configure("watched", """
                mark: 0x7301
                interception: { %s }
                listeners:
                  - { name: apps, mode: transparent, by: %s, port: 15001, capture: { ports: [80, 8000-8099] } }
                route: { to: destination }
                """.formatted(interception, way));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void aTableThatBelongsToTheHopIsNotFlushedAndOutlivesIt(String way) throws Exception {
        start(way, "owned-table: true");
        hop.awaitMessage("is owned by this process");

        host("nft", "flush", "ruleset");
        assertThatThrownBy(() -> host("nft", "delete", "table", "inet", TABLE)).hasMessageContaining("not permitted");
        isProxied();
        // A killed hop leaves its table, which the next one takes over.
        hop.process().close();
        isRefused();
        scene.hops().start("watched");
        hop = scene.hops().get("watched");
        host("nft", "flush", "ruleset");
        isProxied();
        assertThat(hop.metric("throughline_interception_lost_total{part=\"rules\"}"))
                .isZero();
        // A regular end leaves it as well, until it is removed.
        hop.terminate();
        assertThat(hop.exitCode()).isZero();
        isRefused();
        scene.hops().redirect("remove", "watched");
        assertThat(host("nft", "list", "tables")).isBlank();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void rulesThatAnotherProgramTakesAwayComeBack(String way) throws IOException {
        start(way, "owned-table: false");
        List<String> attacks = List.of(
                "nft flush ruleset",
                "nft delete table inet " + TABLE,
                "nft flush chain inet " + TABLE + " capture",
                "nft insert rule inet " + TABLE + " judge accept",
                "nft add table inet " + TABLE + " { flags dormant; }");
        for (String attack : attacks) {
            double before = hop.metric("throughline_interception_lost_total{part=\"rules\"}");
            host(attack.split(" "));
            awaitLost("rules", before + 1);
            awaitReady();
            isProxied();
        }
        hop.awaitMetric("throughline_interception_repaired_total{part=\"rules\"}", attacks.size());
        assertThat(hop.awaitMessage("interception lost: rules: table inet " + TABLE + " is gone"))
                .containsPattern("; last change by nft \\(process \\d+\\)");
        hop.awaitMessage("interception lost: rules: table inet " + TABLE + " differs: + accept");
        hop.awaitMessage("interception repaired: rules");
    }

    @Test
    void routesThatAnotherProgramTakesAwayComeBack() throws IOException {
        start("tproxy", "repair: true");
        List<String> attacks = List.of(
                "ip -4 rule del fwmark " + FWMARK,
                "ip -6 rule del fwmark " + FWMARK,
                "ip -4 route flush table " + TABLE_NUMBER,
                "ip -6 route flush table " + TABLE_NUMBER,
                "ip -4 route replace blackhole default table " + TABLE_NUMBER,
                "ip -4 route add unreachable 10.91.9.2 table " + TABLE_NUMBER,
                "ip link set lo down");
        for (String attack : attacks) {
            double before = hop.metric("throughline_interception_lost_total{part=\"routes\"}");
            host(attack.split(" "));
            awaitLost("routes", before + 1);
            host("ip", "link", "set", "lo", "up");
            awaitReady();
            isProxied();
        }
        assertThat(hop.metric("throughline_interception_repaired_total{part=\"routes\"}"))
                .isGreaterThanOrEqualTo(attacks.size());
        hop.awaitMessage("interception lost: routes: routes differ: - ip -4 rule add");
        hop.awaitMessage("interception repaired: routes");
    }

    /** The hop's remaining rules for IPv6 have no effect; once it is enabled again they must be complete. */
    @Test
    void ipv6MayBeSwitchedOffAndOnAgain() throws IOException {
        start("tproxy", "repair: true");

        host("sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=1");
        host("ip", "link", "set", "lo", "up");
        await().during(Duration.ofSeconds(2)).atMost(SOON).until(() -> hop.get("/-/ready"), "ready\n"::equals);
        host("sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=0");
        await().atMost(SOON)
                .until(() -> host("ip", "-6", "route", "show", "table", TABLE_NUMBER), routes -> !routes.isBlank());

        awaitReady();
        isProxied();
    }

    /** The foreign rule exists when the hop restores its own rule, which moves ahead of it. */
    @Test
    void aPolicyRuleThatComesFirstIsNamed() throws IOException {
        start("tproxy", "repair: true");

        host("ip", "route", "add", "203.0.113.0/24", "dev", "to-web", "table", "51820");
        host("ip", "rule", "add", "not", "fwmark", "51820", "table", "51820", "priority", "0");
        host("ip", "rule", "del", "fwmark", FWMARK);
        awaitNotReady("another program's policy rule takes captured packets first: ip -4 rule 0: not from all fwmark"
                + " 0xca6c lookup 51820");
        host("ip", "rule", "del", "not", "fwmark", "51820", "table", "51820");

        awaitReady();
        isProxied();
        host("ip", "route", "flush", "table", "51820");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void aCanaryNoticesWhatAnotherFirewallDrops(String way) throws IOException {
        start(way, "repair: true, canary: 1s");
        for (String network : List.of("ip daddr 192.0.2.0/24", "ip6 daddr 2001:db8::/32")) {
            host("nft", "add table inet foreign");
            host("nft", "add chain inet foreign output { type filter hook output priority -300 ; }");
            host("nft", "add rule inet foreign output " + network + " tcp dport 80 drop");
            awaitNotReady("interception lost: canary: a test connection to "
                    + (network.contains("ip6") ? "[2001:db8::1]:80" : "192.0.2.1:80")
                    + " did not arrive at listener apps");
            host("nft", "delete table inet foreign");
            awaitReady();
        }
        hop.awaitMetric("throughline_interception_lost_total{part=\"canary\"}", 2);
        isProxied();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void canariesAreNoFlows(String way) throws IOException {
        long before = scene.server().connections();
        start(way, "canary: 1s");

        await().atMost(SOON).until(() -> hop.metric("throughline_interception_canaries_total"), count -> count >= 4);

        assertThat(hop.process().flowLog()).isEmpty();
        assertThat(hop.closedFor("loop")).isZero();
        assertThat(scene.server().connections()).isEqualTo(before);
    }

    @Test
    void aProgramThatUndoesEachRepairIsLeftAloneForLonger() throws IOException {
        start("tproxy", "repair: true, canary: off");

        Process other = scene.host()
                .command(
                        "sh",
                        "-c",
                        "for i in $(seq 300); do ip rule del fwmark " + FWMARK
                                + " 2>/dev/null; sleep 0.2; done; exit 0")
                .start();
        try {
            Undone fifth = undone(5);
            Undone sixth = undone(6);
            Undone seventh = undone(7);
            assertThat(fifth.next()).isLessThanOrEqualTo(Duration.ofSeconds(1));
            assertThat(sixth.next()).isLessThanOrEqualTo(Duration.ofSeconds(2));
            assertThat(seventh.next()).isLessThanOrEqualTo(Duration.ofSeconds(4));
            // Each repair and the next one are at least a second apart, then two, then four.
            assertThat(Duration.between(fifth.nextAt(), sixth.nextAt())).isGreaterThan(Duration.ofMillis(1990));
            assertThat(Duration.between(sixth.nextAt(), seventh.nextAt())).isGreaterThan(Duration.ofMillis(3990));
            assertThat(hop.get("/-/ready")).contains("interception lost: routes");
        } finally {
            other.destroyForcibly().onExit().join();
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> hop.get("/-/ready"), "ready\n"::equals);
        isProxied();
    }

    /** A message about an undone repair, with the delay of the next repair. */
    private record Undone(Instant at, Duration next) {
        Instant nextAt() {
            return at.plus(next);
        }
    }

    private Undone undone(int times) {
        Pattern said = Pattern.compile("^(\\S+) .* undone " + times + " times in a row.*, next repair in (\\d+) ms");
        return await().atMost(Duration.ofSeconds(30))
                .until(
                        () -> hop.process().messages().stream()
                                .map(said::matcher)
                                .filter(Matcher::find)
                                .map(match -> new Undone(
                                        Instant.parse(match.group(1)),
                                        Duration.ofMillis(Long.parseLong(match.group(2)))))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void withoutRepairALossIsOnlyReported(String way) throws IOException {
        boolean diverts = way.equals("tproxy");
        configure(way, "repair: false, owned-table: false");
        scene.hops().redirect("apply", "watched");
        start(way, "repair: false, owned-table: false");
        List<String> lost = diverts ? List.of("rules", "routes") : List.of("rules");

        if (diverts) {
            host("ip", "rule", "del", "fwmark", FWMARK);
        }
        host("nft", "flush", "ruleset");

        for (String part : lost) {
            awaitNotReady("interception lost: " + part + ": ");
            hop.awaitMessage("interception lost: " + part + ": ");
            hop.awaitMetric("throughline_interception_ok{part=\"" + part + "\"}", 0);
        }
        assertThat(hop.awaitMessage("interception lost: rules"))
                .contains("table inet " + TABLE + " is gone; last change by ");
        // Longer than a repair would take.
        await().during(Duration.ofSeconds(2))
                .atMost(SOON)
                .until(
                        () -> host("nft", "list", "tables") + host("ip", "rule"),
                        left -> !left.contains(TABLE) && !left.contains(FWMARK));
        for (String part : lost) {
            assertThat(hop.metric("throughline_interception_lost_total{part=\"" + part + "\"}"))
                    .isEqualTo(1);
        }

        scene.hops().redirect("apply", "watched");
        awaitReady();
        isProxied();
        for (String part : lost) {
            hop.awaitMessage("interception restored: " + part);
            assertThat(hop.metric("throughline_interception_repaired_total{part=\"" + part + "\"}"))
                    .isZero();
        }
        assertThat(hop.process().messages()).noneMatch(line -> line.contains("repaired"));
    }

    /** A removal by the operator isn't repaired. */
    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void anOperatorRemovesTheRulesOfARunningHopAndAppliesThemAgain(String way) throws IOException {
        start(way, "repair: true");

        scene.hops().redirect("remove", "watched");
        awaitNotReady("interception was removed by 'throughline redirect remove'");
        assertThat(host("nft", "list", "tables")).isBlank();
        assertThat(host("ip", "rule")).doesNotContain(FWMARK);
        scene.hops().redirect("apply", "watched");
        awaitReady();
        isProxied();
        assertThat(hop.metric("throughline_interception_lost_total{part=\"rules\"}"))
                .isZero();
    }

    @Test
    void aHopWhoseRulesAreMissingInstallsThemWhenItStarts() throws IOException {
        configure("tproxy", "repair: true");
        scene.hops().start("watched");
        hop = scene.hops().get("watched");
        awaitReady();

        isProxied();
        hop.awaitMessage("table inet " + TABLE + " was missing, installed it");
    }

    @Test
    void aHopThatStartsBehindAnotherPolicyRuleIsReadyOnlyWhenThatIsGone() throws IOException {
        configure("tproxy", "repair: true");
        host("ip", "route", "add", "203.0.113.0/24", "dev", "to-web", "table", "51820");
        host("ip", "rule", "add", "not", "fwmark", "51820", "table", "51820", "priority", "0");

        startsNotReady("interception lost: routes: another program's policy rule takes captured packets first:"
                + " ip -4 rule 0: not from all fwmark 0xca6c lookup 51820");
        host("ip", "rule", "del", "not", "fwmark", "51820", "table", "51820");
        host("ip", "route", "flush", "table", "51820");

        becomesReady();
    }

    @Test
    void aHopThatCannotInstallItsRulesIsReadyOnlyWhenItCould() throws IOException {
        configure("redirect", "repair: true");
        Process other = scene.host().command("nft", "-i").start();
        try (Writer commands = other.outputWriter()) {
            commands.write("add table inet " + TABLE + " { flags owner; }\n");
            commands.flush();
            await().atMost(SOON).until(() -> host("nft", "list", "tables"), tables -> tables.contains(TABLE));

            startsNotReady("interception lost: rules: table inet " + TABLE);
            assertThat(hop.awaitMessage("can't install the rules")).contains("belongs to another process");
        }
        other.onExit().join();

        becomesReady();
    }

    @Test
    void aHopIsReadyOnlyWhenItsRulesAreApplied() throws IOException {
        configure("redirect", "repair: false");

        startsNotReady("interception lost: rules: table inet " + TABLE + " is gone");
        scene.hops().redirect("apply", "watched");

        becomesReady();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void aHopWhoseConnectionsAnotherFirewallDropsIsReadyOnlyWhenItDoesNot(String way) throws IOException {
        configure(way, "repair: true, canary: 1s");
        host("nft", "add table inet foreign");
        host("nft", "add chain inet foreign output { type filter hook output priority -300 ; }");
        host("nft", "add rule inet foreign output ip daddr 192.0.2.0/24 drop");

        startsNotReady("interception lost: canary: a test connection to 192.0.2.1:80");
        host("nft", "delete", "table", "inet", "foreign");

        becomesReady();
    }

    private void startsNotReady(String reason) throws IOException {
        hop = scene.hops().startNotReady("watched");
        assertThat(hop.awaitMessage("hop watched is running but not ready")).contains(reason);
        assertThat(hop.get("/-/ready")).contains(reason);
        assertThat(hop.process().messages()).noneMatch(line -> line.contains("hop watched is ready"));
    }

    private void becomesReady() throws IOException {
        hop.awaitMessage("hop watched is ready, process " + hop.pid());
        awaitReady();
        isProxied();
    }

    private static String host(String... command) throws IOException {
        return scene.host().run(command);
    }

    private void awaitLost(String part, double times) {
        await("interception lost: " + part)
                .atMost(SOON)
                .until(() -> hop.metric("throughline_interception_lost_total{part=\"" + part + "\"}"), n -> n >= times);
    }

    private void awaitReady() {
        await("ready").atMost(SOON).until(() -> hop.get("/-/ready"), "ready\n"::equals);
        for (String part : List.of("rules", "routes", "listener", "canary")) {
            hop.awaitMetric("throughline_interception_ok{part=\"" + part + "\"}", 1);
        }
    }

    private void awaitNotReady(String reason) {
        await(reason).atMost(SOON).until(() -> hop.get("/-/ready"), page -> page.contains(reason));
    }

    private void isProxied() throws IOException {
        for (InetSocketAddress to : List.of(OneHost.WEB, OneHost.WEB6)) {
            try (Party.Line line = scene.app().open(to)) {
                assertThat(line.say(new byte[] {1, 2, 3})).containsExactly(1, 2, 3);
                hop.closedOf(line.source(), line.destination());
            }
        }
    }

    private static void isRefused() throws IOException {
        long before = scene.server().connections();
        for (InetSocketAddress to : List.of(OneHost.WEB, OneHost.WEB6)) {
            assertThat(scene.app().isRefused(to)).isTrue();
        }
        assertThat(scene.server().connections()).isEqualTo(before);
    }
}
