package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import com.google.common.primitives.Bytes;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * This JVM is a proxy that can't sign, in front of two hops: the first trusts it and begins a chain, the second
 * verifies that.
 */
@Timeout(180)
class LegacyListenerIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress LISTENER = NET.at(1, 17001);
    private static final InetSocketAddress APPS = NET.at(1, 17002);
    private static final InetSocketAddress NEXT = NET.at(2, 17001);
    private static final int PROXY = 8;
    private static final int HEALTH_CHECKER = 9;
    private static final int STRANGER = 10;
    private static final byte[] LOCAL = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a20000000");

    @TempDir
    static Path folder;

    private static EchoServer destination;
    private static Hops hops;
    private static RunningHop first;
    private static RunningHop next;

    @BeforeAll
    static void start() throws IOException {
        destination = EchoServer.at(NET.at(20, 17009));
        hops = new Hops(folder, Host.THIS).keys("first", "next");
        hops.configure("first", """
                listeners:
                  - { name: proxies, mode: legacy, by: plain, address: "%s", peers: [%s/31] }
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: next, at: "%s" }
                health-checkers: [%s]
                """.formatted(
                        Tuple.text(LISTENER),
                        NET.address(PROXY).getHostAddress(),
                        Tuple.text(APPS),
                        Tuple.text(destination.address()),
                        Tuple.text(NEXT),
                        NET.address(HEALTH_CHECKER).getHostAddress()));
        hops.configure("next", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(Tuple.text(NEXT)));
        hops.start("first", "next");
        first = hops.get("first");
        next = hops.get("next");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
    }

    /** Returns a flow of a remote client to the destination. */
    private static Tuple flow() {
        return Tuple.tcp(new InetSocketAddress(InetAddresses.forString("192.0.2.7"), 4711), destination.address());
    }

    private static byte[] unsigned(Tuple flow, Tlv... tlvs) {
        return HeaderWriter.proxy(flow, List.of(tlvs)).toByteArray();
    }

    private static Tlv tlv(int type, String hex) {
        return new Tlv(type, dev.throughline.header.Bytes.ofHex(hex));
    }

    private static End from(int host) throws IOException {
        return End.connect(new InetSocketAddress(NET.address(host), 0), LISTENER);
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void theNextHopVerifiesThatAProxyNamedTheFlowAndThatTheProcessIsUnknown() throws IOException {
        byte[] payload = Payload.bytes(20_000);
        try (End proxy = from(PROXY)) {
            proxy.send(Bytes.concat(unsigned(flow()), payload)).finish();
            Payload.assertSame(proxy.rest(), payload);

            JsonTree atFirst = first.closedFrom(proxy);
            assertThat(atFirst.text("reason")).isEqualTo("completed");
            assertThat(atFirst.has("verification")).isFalse();
            assertThat(atFirst.object("arrival").text("way")).isEqualTo("proxy-header");
            hasTheFlowOfTheHeader(atFirst);
            JsonTree atNext = next.closedFlow(atFirst.text("flow"));
            hasTheFlowOfTheHeader(atNext);
            JsonTree link = atNext.object("verification").list("links").getFirst();
            assertThat(atNext.object("verification").text("result")).isEqualTo("verified");
            assertThat(link.text("hop")).isEqualTo("first");
            assertThat(link.toJson()).contains("proxy-header", Tuple.text(proxy.local()));
        }
    }

    private static void hasTheFlowOfTheHeader(JsonTree flow) {
        JsonTree who = flow.object("originator");
        assertThat(who.text("evidence")).isEqualTo("remote");
        assertThat(who.text("way_in")).isEqualTo("proxy-header");
        assertThat(who.text("source")).isEqualTo("192.0.2.7:4711");
        assertThat(who.text("destination")).isEqualTo(Tuple.text(destination.address()));
        assertThat(who.has("pid")).isFalse();
        assertThat(who.has("uid")).isFalse();
    }

    @Test
    void aHeaderByteByByteAndWithTlvsOfTheProxy() throws IOException {
        byte[] header = unsigned(flow(), tlv(0x02, "6578616d706c65"), tlv(0xEA, "01"));
        try (End proxy = from(PROXY)) {
            for (byte one : header) {
                proxy.send(new byte[] {one});
            }
            proxy.send("slowly").finish();
            assertThat(proxy.restText()).isEqualTo("slowly");
        }
    }

    /** There is exactly one header: payload may look like another one. */
    @Test
    void aSecondHeaderIsPayload() throws IOException {
        Tuple lie = Tuple.tcp(NET.at(66, 66), NET.at(67, 67));
        byte[] payload = Bytes.concat(unsigned(lie), LOCAL, text("PROXY TCP4 192.0.2.66 192.0.2.80 66 80\r\nhello"));
        try (End proxy = from(PROXY)) {
            proxy.send(unsigned(flow())).send(payload).finish();
            Payload.assertSame(proxy.rest(), payload);
            hasTheFlowOfTheHeader(first.closedFrom(proxy));
        }
    }

    /** It is refused before it sends a byte. */
    @Test
    void aProcessThatIsNoPeerIsRefusedBeforeItsHeaderIsRead() throws IOException {
        for (int stranger : new int[] {STRANGER, PROXY - 1}) {
            Optional<InetSocketAddress> from = Optional.of(new InetSocketAddress(NET.address(stranger), 0));
            assertThat(End.isRefused(from, LISTENER, 0)).isTrue();
            JsonTree closed = first.refusedFrom(NET.address(stranger), "peer-not-allowed");
            assertThat(closed.text("detail"))
                    .isEqualTo("peer " + NET.address(stranger).getHostAddress());
            assertThat(closed.has("originator")).isFalse();
        }
    }

    private interface Opening {
        byte[] on(End connection);
    }

    static Stream<Arguments> refused() {
        Tuple flow = flow();
        return Stream.of(
                refused(
                        "a signed chain",
                        "header-signed",
                        c -> new PreviousHop(hops.key("next"), "first").header(flow, c)),
                refused("LOCAL", "header-without-flow", c -> LOCAL),
                refused(
                        "a UDP flow",
                        "header-without-flow",
                        c -> unsigned(new Tuple(TransportProtocol.UDP4, flow.source(), flow.destination()))),
                refused("a flow to this listener", "loop", c -> unsigned(Tuple.tcp(flow.source(), LISTENER))),
                refused("PROXY v1", "header-malformed", c -> text("PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n")),
                refused(
                        "an unknown family",
                        "header-malformed",
                        c -> HexFormat.of().parseHex("0d0a0d0a000d0a515549540a21000000")),
                refused("no header", "header-malformed", c -> text("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
    }

    private static Arguments refused(String what, String reason, Opening opening) {
        return Arguments.of(what, reason, opening);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("refused")
    void headersThatAreNotUnsignedTcpHeadersAreRejected(String what, String reason, Opening opening)
            throws IOException {
        long before = destination.connections();
        double counted = first.closedFor(reason);
        try (End proxy = from(PROXY)) {
            proxy.send(Bytes.concat(opening.on(proxy), text("hello")));
            assertThat(proxy.isReset()).isTrue();
            JsonTree closed = first.closedFrom(proxy);
            assertThat(closed.text("reason")).isEqualTo(reason);
            assertThat(closed.has("originator")).isFalse();
        }
        first.awaitClosed(reason, counted + 1);
        assertThat(destination.connections()).isEqualTo(before);
    }

    @Test
    void aHeaderOfVersion1IsNamedInTheLog() throws IOException {
        try (End proxy = from(PROXY)) {
            proxy.send("PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n");
            assertThat(proxy.isReset()).isTrue();
            assertThat(first.closedFrom(proxy).text("detail")).endsWith("a PROXY v1 header; only v2 is accepted");
        }
    }

    @Test
    void aHealthCheckerGetsAQuietEnd() throws IOException {
        try (End checker = from(HEALTH_CHECKER)) {
            checker.send(LOCAL);
            assertThat(checker.isReset()).isFalse();
            assertThat(first.closedFrom(checker).text("reason")).isEqualTo("health-check");
        }
    }

    /** A chain listener rejects the same header, from any sender. */
    @Test
    void aChainListenerRejectsProxies() throws IOException {
        try (End proxy = End.connect(new InetSocketAddress(NET.address(PROXY), 0), NEXT)) {
            proxy.send(unsigned(flow()));
            assertThat(proxy.isReset()).isTrue();
            assertThat(next.closedFrom(proxy).object("verification").text("reason"))
                    .isEqualTo("unsigned");
        }
    }

    static Stream<byte[]> forged() {
        Tuple lie = Tuple.tcp(NET.at(66, 66), NET.at(67, 67));
        byte[] signed = new PreviousHop(hops.key("next"), "first")
                .header(lie, Tuple.tcp(NET.at(66, 66), APPS), java.time.Instant.now());
        return Stream.of(text("PROXY TCP4 192.0.2.66 192.0.2.80 66 80\r\nhello"), unsigned(lie), LOCAL, signed);
    }

    /** On a transparent listener of the same hop bytes are payload, however they are cut. */
    @ParameterizedTest
    @MethodSource("forged")
    void anApplicationsHeaderIsItsOwnAffair(byte[] header) throws IOException {
        for (boolean slowly : new boolean[] {false, true}) {
            try (End app = End.connect(Optional.empty(), APPS, 0)) {
                for (int i = 0; slowly && i < header.length; i++) {
                    app.send(new byte[] {header[i]});
                }
                app.send(slowly ? new byte[0] : header).finish();
                Payload.assertSame(app.rest(), header);
                JsonTree who = next.closedOf(app.local(), destination.address()).object("originator");
                assertThat(who.text("pid"))
                        .isEqualTo(Long.toString(ProcessHandle.current().pid()));
                assertThat(who.text("way_in")).isEqualTo("socket");
            }
        }
    }
}
