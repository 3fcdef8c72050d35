package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.io.Closer;
import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Long-lived connections, through three hops on one host, between an application and a server on two other hosts. The links to
 * both can be cut, and the timeouts of the hops are short.
 */
@NeedsNamespaces
@Timeout(180)
class LastingFlowsIT {
    private static final InetSocketAddress FRONT = Party.endpoint("10.91.1.1:7080");
    private static final InetSocketAddress FRONT6 = Party.endpoint("[fd91:1::1]:7080");
    private static final InetSocketAddress NOWHERE = Party.endpoint("10.91.1.1:7081");
    private static final InetSocketAddress WEB = Party.endpoint("10.91.9.2:80");
    private static final InetSocketAddress WEB6 = Party.endpoint("[fd91:9::2]:80");

    @TempDir
    static Path folder;

    private static Closer closer;
    private static Namespace middle;
    private static Namespace apps;
    private static Namespace web;
    private static Hops hops;
    private static Party app;

    @BeforeAll
    static void start() throws IOException {
        closer = Closer.create();
        middle = Namespace.host("middle");
        closer.register(middle::close);
        apps = middle.neighbour("apps");
        web = middle.neighbour("web");
        middle.join(apps, "10.91.1.1/24", "10.91.1.2/24");
        middle.join(apps, "fd91:1::1/64", "fd91:1::2/64");
        middle.join(web, "10.91.9.1/24", "10.91.9.2/24");
        middle.join(web, "fd91:9::1/64", "fd91:9::2/64");
        Party server = Party.start(web::command);
        closer.register(server::close);
        app = Party.start(apps::command);
        closer.register(app::close);
        server.ready().serve(WEB).serve(WEB6);
        app.ready();
        configure();
    }

    private static void configure() throws IOException {
        hops = new Hops(folder, middle::command).keys("hop-a", "hop-b", "hop-c");
        closer.register(hops::close);
        String limits = """
                limits:
                  connect-timeout: 1m
                  keepalive: { time: 1s, interval: 1s, probes: 2 }
                  user-timeout: 2s
                  half-closed-timeout: 2s
                """;
        hops.configure("hop-a", limits + """
                listeners:
                  - { name: front, mode: transparent, by: plain, address: "10.91.1.1:7080", destination: "10.91.9.2:80" }
                  - { name: front6, mode: transparent, by: plain, address: "[fd91:1::1]:7080", destination: "[fd91:9::2]:80" }
                route: { to: hop-b, at: "127.0.0.1:7001" }
                """);
        hops.configure("hop-b", limits + """
                listeners: [{ name: chain, mode: chain, by: plain, address: "127.0.0.1:7001" }]
                route: { to: hop-c, at: "[::1]:7002" }
                """);
        hops.configure("hop-c", limits + """
                listeners:
                  - { name: chain, mode: chain, by: plain, address: "[::1]:7002" }
                  - { name: nowhere, mode: transparent, by: plain, address: "10.91.1.1:7081", destination: "10.91.9.2:81" }
                route: { to: destination }
                """);
        hops.start("hop-a", "hop-b", "hop-c");
    }

    @AfterAll
    static void stop() throws IOException {
        closer.close();
    }

    @AfterEach
    void mend() throws IOException {
        for (Namespace far : new Namespace[] {apps, web}) {
            far.run("nft", "flush", "ruleset");
        }
    }

    /** Drops all packets silently. */
    private static void cut(Namespace far) throws IOException {
        far.run("nft", "add table inet cut");
        far.run("nft", "add chain inet cut in { type filter hook input priority 0; policy drop; }");
        far.run("nft", "add chain inet cut out { type filter hook output priority 0; policy drop; }");
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static Party.Line relaying(InetSocketAddress front) throws IOException {
        Party.Line line = app.open(front);
        assertThat(line.exchange(text("hello"))).isEqualTo(text("hello"));
        return line;
    }

    private static JsonTree ended(String hop, Party.Line line, InetSocketAddress web) {
        JsonTree atFirst = hops.get("hop-a").closedFrom(line.source(), line.destination());
        return hops.get(hop)
                .closed(end -> end.text("flow").equals(atFirst.text("flow"))
                        && end.object("originator").text("destination").equals(dev.throughline.header.Tuple.text(web)));
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false"})
    void aDestinationThatVanishesEndsTheFlowAtEveryHopAndTheApplicationFeelsIt(boolean six, boolean sending)
            throws IOException {
        double before = hops.get("hop-c").closedFor("outbound-timeout");
        InetSocketAddress to = six ? WEB6 : WEB;
        Party.Line line = relaying(six ? FRONT6 : FRONT);

        cut(web);
        if (sending) {
            line.send(text("more"));
        }

        assertThat(line.isReset()).isTrue();
        assertThat(ended("hop-c", line, to).text("reason")).isEqualTo("outbound-timeout");
        assertThat(ended("hop-b", line, to).text("reason")).isEqualTo("outbound-reset");
        assertThat(ended("hop-a", line, to).text("reason")).isEqualTo("outbound-reset");
        hops.get("hop-c").awaitMetric("throughline_flows_closed_total{reason=\"outbound-timeout\"}", before + 1);
        line.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anApplicationThatVanishesEndsTheFlowAtEveryHop(boolean six) throws IOException {
        InetSocketAddress to = six ? WEB6 : WEB;
        Party.Line line = relaying(six ? FRONT6 : FRONT);

        cut(apps);

        assertThat(ended("hop-a", line, to).text("reason")).isEqualTo("inbound-timeout");
        assertThat(ended("hop-b", line, to).text("reason")).isEqualTo("inbound-reset");
        assertThat(ended("hop-c", line, to).text("reason")).isEqualTo("inbound-reset");
        line.close();
    }

    /** An interface that is down causes another error: the kernel has no route to the destination. */
    @Test
    void anInterfaceThatIsDownIsATimeoutToo() throws IOException {
        Party.Line line = relaying(FRONT);
        middle.run("ip", "link", "set", "to-web", "down");
        try {
            assertThat(ended("hop-c", line, WEB).text("reason")).isEqualTo("outbound-timeout");
            assertThat(line.isReset()).isTrue();
        } finally {
            middle.run("ip", "link", "set", "to-web", "up");
            middle.run("ip", "address", "add", "fd91:9::1/64", "dev", "to-web", "nodad");
            line.close();
        }
    }

    /** Idle peers that answer probes are kept, here for three times the timeout of a dead one. */
    @Test
    void anIdleFlowWhosePeersAnswerLives() throws IOException {
        try (Party.Line line = relaying(FRONT)) {
            String probed = web.run(
                    "nft",
                    "add table inet seen; add chain inet seen in { type filter hook input priority 0; };"
                            + " add rule inet seen in tcp dport 80 tcp flags ack counter");
            assertThat(probed).isEmpty();
            await().until(() ->
                    web.run("nft", "list", "table", "inet", "seen").matches("(?s).*packets ([6-9]|\\d\\d).*"));
            assertThat(line.exchange(text("still here"))).isEqualTo(text("still here"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "6162|!43|6465, abCde, false", "6162|!43|6465, abCde, true",
        "!43|6162, Cab, false", "!43|6162, Cab, true",
        "6162|!43, abC, false", "!43|!44|6162|!45|!46, CDabEF, true"
    })
    void anUrgentByteStaysInTheStream(String pieces, String all, boolean six) throws IOException {
        try (Party.Line line = app.open(six ? FRONT6 : FRONT)) {
            assertThat(line.urgent(pieces.replace('|', ','))).isEqualTo(text(all));
            assertThat(ended("hop-c", line, six ? WEB6 : WEB).text("reason")).isEqualTo("completed");
        }
    }

    @Test
    void anApplicationThatResetsWhileItsFlowConnectsCancelsTheConnection() throws IOException {
        web.run(
                "nft",
                "add table inet cut; add chain inet cut in { type filter hook input priority 0; };"
                        + " add rule inet cut in tcp dport 81 drop");
        Party.Line line = app.open(NOWHERE);
        line.send(text("hello"));
        await().until(() -> !connecting().isEmpty());

        line.reset();

        JsonTree end = hops.get("hop-c").closedFrom(line.source(), NOWHERE);
        assertThat(end.text("reason")).isEqualTo("inbound-reset");
        assertThat(end.text("detail")).isEqualTo("while connecting");
        await().until(() -> connecting().isEmpty());
        hops.get("hop-c").awaitMetric("throughline_budget_in_use{pool=\"hop\"}", 0);
    }

    private static String connecting() throws IOException {
        return middle.run("ss", "-Htn", "state", "syn-sent", "dport", "=", ":81");
    }
}
