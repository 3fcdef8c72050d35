package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One hop, what happens to captured connections while it is down, and what if its rules capture its own. */
@NeedsNamespaces
@Timeout(180)
class FailModesIT {
    @TempDir
    static Path folder;

    private static OneHost scene;

    @BeforeAll
    static void start() throws IOException {
        scene = OneHost.bare(folder);
    }

    @AfterAll
    static void stop() throws IOException {
        scene.close();
    }

    private static String configuration(String way, int mark, int port, String rest) {
        return """
                mark: 0x%x
                listeners:
                  - { name: apps, mode: transparent, by: %s, port: %d, capture: { ports: [%d] } }
                route: { to: destination }
                """.formatted(mark, way, port, port == 15001 ? 80 : 8000) + rest;
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void failsClosedByDefault(String way) throws IOException {
        String name = "closed-" + way;
        Hops hops = scene.hops().keys(name).configure(name, configuration(way, 0x7201, 15001, ""));
        hops.redirect("apply", name);
        try {
            isRefused(OneHost.WEB);
            isRefused(OneHost.WEB6);
            hops.start(name);
            isProxied(hops.get(name), OneHost.WEB);
            isProxied(hops.get(name), OneHost.WEB6);
            hops.get(name).process().close();
            isRefused(OneHost.WEB);
            isRefused(OneHost.WEB6);
        } finally {
            hops.redirect("remove", name);
        }
        passes(OneHost.WEB);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void failsOpenIfConfigured(String way) throws Exception {
        String name = "open-" + way;
        Hops hops = scene.hops().keys(name).configure(name, configuration(way, 0x7202, 15002, "fail-open: true\n"));
        passes(OneHost.OTHER);
        hops.start(name);
        isProxied(hops.get(name), OneHost.OTHER);
        isProxied(hops.get(name), OneHost.OTHER6);
        // A killed hop can't clean up: the kernel removes the rules.
        hops.get(name).process().close();
        await().until(() -> scene.host().run("nft", "list", "tables"), tables -> !tables.contains(name));
        passes(OneHost.OTHER);
        passes(OneHost.OTHER6);
        // Connections pass again after a regular end, which leaves no rules.
        hops.start(name);
        isProxied(hops.get(name), OneHost.OTHER);
        hops.get(name).terminate();
        assertThat(hops.get(name).exitCode()).isZero();
        passes(OneHost.OTHER);
        assertThat(scene.host().run("nft", "list", "tables")).doesNotContain(name);
        assertThat(scene.host().run("ip", "rule")).doesNotContain("fwmark");
    }

    /** Any user can bind the port of a hop that is down, but gets no captured connections. */
    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void aProcessWithThePortOfAHopThatIsDownGetsNothing(String way) throws IOException {
        String name = "squat-" + way;
        Hops hops = scene.hops().keys(name).configure(name, configuration(way, 0x7205, 15001, ""));
        hops.redirect("apply", name);
        try (Party squatter = scene.party().ready()) {
            squatter.serve(Party.endpoint("127.0.0.1:15001")).serve(Party.endpoint("[::1]:15001"));
            isRefused(OneHost.WEB);
            isRefused(OneHost.WEB6);
            assertThat(squatter.connections()).isZero();
        } finally {
            hops.redirect("remove", name);
        }
    }

    private static void isRefused(InetSocketAddress to) throws IOException {
        long before = scene.server().connections();
        assertThat(scene.app().isRefused(to)).isTrue();
        assertThat(scene.server().connections()).isEqualTo(before);
    }

    private static void isProxied(RunningHop hop, InetSocketAddress to) throws IOException {
        try (Party.Line line = scene.app().open(to)) {
            assertThat(line.say(new byte[] {1, 2, 3})).containsExactly(1, 2, 3);
            assertThat(hop.closedOf(line.source(), line.destination())
                            .object("originator")
                            .text("pid"))
                    .isEqualTo(Long.toString(scene.app().pid()));
        }
    }

    private static void passes(InetSocketAddress to) throws IOException {
        try (Party.Line line = scene.app().open(to)) {
            assertThat(line.say(new byte[] {1, 2, 3})).containsExactly(1, 2, 3);
        }
    }

    /**
     * The kernel completes a captured handshake by itself, so a destination that refuses is felt as a reset after connect(2). What
     * the host can't reach, or rejects before the hop's rules, fails in connect(2) itself, and an application falls back.
     */
    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void unroutableDestinationsFailInConnectAndRefusalsAfterIt(String way) throws IOException {
        String name = "dual-" + way;
        Hops hops = scene.hops().keys(name).configure(name, configuration(way, 0x7206, 15001, ""));
        InetSocketAddress refusing = new InetSocketAddress("fd91:9::3", 80);
        String web6 = OneHost.WEB6.getAddress().getHostAddress();
        try {
            hops.start(name);
            scene.host().run("ip", "address", "add", "fd91:9::3/128", "dev", "lo", "nodad");
            scene.app().open(refusing).close();
            hops.get(name).awaitMetric("throughline_flows_closed_total{reason=\"connect-refused\"}", 1);

            scene.host().run("ip", "-6", "route", "add", "unreachable", web6 + "/128");
            assertThatThrownBy(() -> scene.app().open(OneHost.WEB6)).hasMessageContaining("No route to host");
            isProxied(hops.get(name), OneHost.WEB);
            scene.host().run("ip", "-6", "route", "del", "unreachable", web6 + "/128");
            isProxied(hops.get(name), OneHost.WEB6);

            scene.host()
                    .run(
                            "nft",
                            "add table inet early; add chain inet early out { type filter hook output priority -300; };"
                                    + " add rule inet early out ip6 daddr fd91:9::/64 meta mark != 0x7206"
                                    + " tcp flags syn reject with tcp reset");
            assertThatThrownBy(() -> scene.app().open(OneHost.WEB6)).hasMessageContaining("Connection refused");
            isProxied(hops.get(name), OneHost.WEB);
            scene.host().run("nft", "delete", "table", "inet", "early");
        } finally {
            scene.host().run("ip", "address", "del", "fd91:9::3/128", "dev", "lo");
            hops.redirect("remove", name);
            hops.get(name).process().close();
        }
    }

    /** Rules with another mark than the hop's capture its own connections. */
    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void aHopDoesNotProxyItself(String way) throws IOException {
        String name = "loop-" + way;
        Hops hops = scene.hops().keys(name).configure(name, configuration(way, 0x7203, 15001, ""));
        hops.redirect("apply", name);
        try {
            Path rules = folder.resolve("rules.yaml");
            Files.copy(hops.config(name), rules, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            String unwatched = "interception: { repair: false, canary: off }\n";
            RunningHop hop = hops.configure(name, configuration(way, 0x7204, 15001, unwatched))
                    .startNotReady(name);
            isRefused(OneHost.WEB);
            hop.awaitMetric("throughline_flows_closed_total{reason=\"loop\"}", 1);
            hop.process().close();
            Files.copy(rules, hops.config(name), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } finally {
            hops.redirect("remove", name);
        }
    }
}
