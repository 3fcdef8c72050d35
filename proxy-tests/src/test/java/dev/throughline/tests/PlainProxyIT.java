package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * TCP proxies between hops, HAProxy between hop-a and hop-b, nginx between hop-b and hop-c, which
 * don't change the header. They are NAT: without an exception for two hops and a proxy's address, a header belongs to
 * another connection than the one by which it comes.
 */
@NeedsPrograms({"haproxy", "nginx", Nginx.STREAM_MODULE})
@Timeout(180)
class PlainProxyIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);
    private static final InetSocketAddress HOP_B = NET.at(2, 17001);
    private static final InetSocketAddress HOP_C = NET.at(3, 17001);
    private static final InetSocketAddress EGRESS = NET.at(7, 0);
    private static final InetSocketAddress OTHER_EGRESS = NET.at(8, 0);

    /** A proxy, the hops at its ends, and two addresses of it; the exception covers the first. */
    private enum Proxy {
        HAPROXY("hop-a", "hop-b", NET.at(4, 17001), NET.at(4, 17002)),
        NGINX("hop-b", "hop-c", NET.at(5, 17001), NET.at(5, 17002));

        final String previous;
        final String next;
        final InetSocketAddress way;
        final InetSocketAddress otherWay;

        Proxy(String previous, String next, InetSocketAddress way, InetSocketAddress otherWay) {
            this.previous = previous;
            this.next = next;
            this.way = way;
            this.otherWay = otherWay;
        }
    }

    @TempDir
    static Path folder;

    private static Destination destination;
    private static Hops hops;
    private static ForeignProgram haproxy;
    private static ForeignProgram nginx;

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b", "hop-c", "hop-x");
        hops.configure("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: hop-b, at: "%s" }
                """.formatted(
                        Tuple.text(FRONT), Tuple.text(destination.address()), Tuple.text(Proxy.HAPROXY.way)));
        hops.configure("hop-b", chainHop(HOP_B, "{ to: hop-c, at: \"" + Tuple.text(Proxy.NGINX.way) + "\" }"));
        hops.configure("hop-c", chainHop(HOP_C, "{ to: destination }"));
        hops.start("hop-a", "hop-b", "hop-c");
        haproxy = new Haproxy()
                .passOn(Proxy.HAPROXY.way, EGRESS, HOP_B)
                .passOn(Proxy.HAPROXY.otherWay, OTHER_EGRESS, HOP_B)
                .start(folder);
        nginx = new Nginx()
                .passOn(Proxy.NGINX.way, EGRESS, HOP_C)
                .passOn(Proxy.NGINX.otherWay, OTHER_EGRESS, HOP_C)
                .start(folder);
    }

    /** Every hop behind a proxy needs its exception, not only the first one. */
    private static String chainHop(InetSocketAddress address, String route) {
        return """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%1$s" }]
                nat-exceptions:
                  - { from: hop-a, to: hop-b, egress: %2$s/32 }
                  - { from: hop-b, to: hop-c, egress: %2$s/32 }
                route: %3$s
                """.formatted(Tuple.text(address), EGRESS.getAddress().getHostAddress(), route);
    }

    @AfterAll
    static void stop() throws IOException {
        haproxy.close();
        nginx.close();
        hops.close();
        destination.close();
    }

    @Test
    void theHeaderStaysIntactBehindBoth() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("question").finish();
            assertThat(server.restText()).isEqualTo("question");
            server.send("answer").close();
            assertThat(app.restText()).isEqualTo("answer");

            String flow = hops.get("hop-a").closedFrom(app).text("flow");
            for (String hop : List.of("hop-b", "hop-c")) {
                JsonTree seen = hops.get(hop).closedFlow(flow);
                assertThat(isFrom(seen, EGRESS)).isTrue();
                assertThat(seen.object("verification").text("result")).isEqualTo("verified");
                assertThat(seen.object("originator").text("source")).isEqualTo(Tuple.text(app.local()));
                assertThat(seen.object("originator").text("pid"))
                        .isEqualTo(Long.toString(ProcessHandle.current().pid()));
            }
            assertThat(hops.get("hop-c").closedFlow(flow).texts("chain")).containsExactly("hop-a", "hop-b", "hop-c");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHopWithoutAnExceptionIsRefused(Proxy proxy) throws IOException {
        refuses(proxy.next, "hop-x", proxy.way, EGRESS);
    }

    @ParameterizedTest
    @EnumSource
    void anotherAddressThanTheExceptionsIsRefused(Proxy proxy) throws IOException {
        refuses(proxy.next, proxy.previous, proxy.otherWay, OTHER_EGRESS);
    }

    /** The header is valid for the connection to the proxy, not for that to the hop. */
    private static void refuses(String hop, String previous, InetSocketAddress way, InetSocketAddress egress)
            throws IOException {
        double before = hops.get(hop).rejectedFor("not-my-connection");
        try (End connection = End.connect(way)) {
            Tuple flow = Tuple.tcp(NET.at(6, 4711), destination.address());
            connection.send(new PreviousHop(hops.key(previous), hop).header(flow, connection));
            assertThat(connection.isOverWithin(10_000)).isTrue();
        }
        JsonTree refused = hops.get(hop)
                .closed(line -> isFrom(line, egress) && line.text("reason").equals("header-rejected"));
        assertThat(refused.object("verification").text("reason")).isEqualTo("not-my-connection");
        assertThat(hops.get(hop).rejectedFor("not-my-connection")).isEqualTo(before + 1);
    }

    private static boolean isFrom(JsonTree flow, InetSocketAddress egress) {
        return flow.object("arrival")
                .text("source")
                .startsWith(egress.getAddress().getHostAddress() + ":");
    }
}
