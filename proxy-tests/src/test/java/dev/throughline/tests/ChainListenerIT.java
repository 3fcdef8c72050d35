package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import dev.throughline.chain.ChainTlv;
import dev.throughline.header.Bytes;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.key.Trust;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The headers that a chain listener accepts and rejects; this JVM is the previous hop, and the destination. */
@Timeout(180)
class ChainListenerIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress LISTENER = NET.at(1, 17001);
    private static final int HEALTH_CHECKER = 77;

    @TempDir
    static Path folder;

    private static EchoServer destination;
    private static Hops hops;
    private static RunningHop hop;
    private static PreviousHop previous;

    @BeforeAll
    static void start() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b", "hop-z");
        hops.configure("hop-z", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                health-checkers: [%s/32]
                """.formatted(
                        Tuple.text(LISTENER), NET.address(HEALTH_CHECKER).getHostAddress()));
        hop = hops.start("hop-z").get("hop-z");
        previous = new PreviousHop(hops.key("hop-a"), "hop-z");
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

    private static byte[] join(byte[]... parts) {
        return com.google.common.primitives.Bytes.concat(parts);
    }

    @Test
    void aSignedHeaderAndTheFirstBytesInOneSegment() throws IOException {
        byte[] payload = Payload.bytes(20_000);
        try (End connection = End.connect(LISTENER)) {
            connection.send(join(previous.header(flow(), connection), payload)).finish();
            Payload.assertSame(connection.rest(), payload);
        }
    }

    @Test
    void aHeaderByteByByte() throws IOException {
        try (End connection = End.connect(LISTENER)) {
            for (byte one : previous.header(flow(), connection)) {
                connection.send(new byte[] {one});
            }
            connection.send("slowly").finish();
            assertThat(connection.restText()).isEqualTo("slowly");
        }
    }

    @Test
    void aHeaderSplitAtEveryByte() throws IOException {
        List<End> connections = new ArrayList<>();
        List<byte[]> headers = new ArrayList<>();
        try {
            int length;
            do {
                End connection = End.connect(LISTENER);
                byte[] header = previous.header(flow(), connection);
                length = header.length;
                connections.add(connection);
                headers.add(header);
                connection.send(java.util.Arrays.copyOf(header, connections.size()));
            } while (connections.size() < length - 1);
            // By now the hop has read every first part, and waits for the rest.
            hop.awaitMetric("throughline_headers_half_open", connections.size());
            for (int i = 0; i < connections.size(); i++) {
                byte[] header = headers.get(i);
                connections.get(i).send(java.util.Arrays.copyOfRange(header, i + 1, header.length));
                connections.get(i).send("after").finish();
            }
            for (End connection : connections) {
                assertThat(connection.restText()).isEqualTo("after");
            }
        } finally {
            for (End connection : connections) {
                connection.close();
            }
        }
    }

    static Stream<Arguments> refused() {
        Tuple flow = flow();
        return Stream.of(
                Arguments.of("garbage", Payload.bytes(300), "header-malformed"),
                Arguments.of("an HTTP request", text("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "header-malformed"),
                Arguments.of("PROXY v1", text("PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nhello"), "header-malformed"),
                Arguments.of(
                        "a TLS ClientHello",
                        HexFormat.of().parseHex("16030100c8010000c403036b5f0c4f8e11" + "ab".repeat(180)),
                        "header-malformed"),
                Arguments.of("PROXY v2 without TLVs", unsigned(flow, List.of()), "header-rejected"),
                Arguments.of(
                        "PROXY v2 with another's TLV of our type",
                        unsigned(flow, List.of(new Tlv(ChainTlv.STANDARD.type(), Bytes.ofHex("0102030405")))),
                        "header-rejected"),
                Arguments.of(
                        "PROXY v2 with our magic and nothing behind it",
                        unsigned(flow, List.of(new Tlv(ChainTlv.STANDARD.type(), Bytes.ofHex("4649010000")))),
                        "header-rejected"),
                Arguments.of(
                        "LOCAL",
                        join(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a20000000"), text("hello")),
                        "header-rejected"));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] unsigned(Tuple flow, List<Tlv> tlvs) {
        return join(HeaderWriter.proxy(flow, tlvs).toByteArray(), text("hello"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void unsignedHeadersAreRejected(String what, byte[] bytes, String reason) throws IOException {
        long before = destination.connections();
        try (End connection = End.connect(LISTENER)) {
            connection.send(bytes);
            assertThat(connection.isReset()).isTrue();
            assertThat(hop.closedFrom(connection).text("reason")).isEqualTo(reason);
        }
        assertThat(destination.connections()).isEqualTo(before);
    }

    private interface Header {
        byte[] on(End connection);
    }

    static Stream<Arguments> untrue() {
        Tuple elsewhere = Tuple.tcp(NET.at(5, 5555), LISTENER);
        return Stream.of(
                untrue(
                        "of a key that nobody trusts",
                        "unknown-key",
                        c -> new PreviousHop(Hops.stranger("hop-a"), "hop-z").header(flow(), c)),
                untrue(
                        "from the future",
                        "from-the-future",
                        c -> previous.header(
                                flow(), PreviousHop.socket(c), Instant.now().plusSeconds(60))),
                untrue(
                        "of a chain that this hop is in already",
                        "loop",
                        c -> new PreviousHop(hops.key("hop-z"), "hop-b")
                                .continued(new PreviousHop(hops.key("hop-b"), "hop-z"), trust(), flow(), elsewhere, c)),
                untrue("with one bit changed", "bad-signature", c -> {
                    byte[] header = previous.header(flow(), c);
                    header[header.length - 1] ^= 1;
                    return header;
                }));
    }

    private static Arguments untrue(String what, String reason, Header header) {
        return Arguments.of(what, reason, header);
    }

    private static Trust trust() {
        try {
            return Trust.parse("trust", Files.readString(folder.resolve("trust")));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest(name = "a header {0}: {1}")
    @MethodSource("untrue")
    void falseHeadersAreRejected(String what, String reason, Header header) throws IOException {
        long before = destination.connections();
        double counted = hop.rejectedFor(reason);
        try (End connection = End.connect(LISTENER)) {
            connection.send(join(header.on(connection), text("hello")));
            assertThat(connection.isReset()).isTrue();
            JsonTree closed = hop.closedFrom(connection);
            assertThat(closed.text("reason")).isEqualTo("header-rejected");
            assertThat(closed.object("verification").text("reason")).isEqualTo(reason);
            assertThat(closed.has("originator")).isFalse();
        }
        assertThat(hop.rejectedFor(reason)).isEqualTo(counted + 1);
        assertThat(destination.connections()).isEqualTo(before);
    }

    @Test
    void aConnectionThatEndsBeforeItsHeader() throws IOException {
        try (End connection = End.connect(LISTENER)) {
            byte[] header = previous.header(flow(), connection);
            connection.send(java.util.Arrays.copyOf(header, header.length / 2)).finish();
            assertThat(connection.isReset()).isTrue();
            assertThat(hop.closedFrom(connection).text("reason")).isEqualTo("header-incomplete");
        }
    }

    @Test
    void aHealthCheckerGetsAQuietEnd() throws IOException {
        byte[] local = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a20000000");
        try (End connection = End.connect(new InetSocketAddress(NET.address(HEALTH_CHECKER), 0), LISTENER)) {
            connection.send(local);
            assertThat(connection.isReset()).isFalse();
            assertThat(hop.closedFrom(connection).text("reason")).isEqualTo("health-check");
        }
    }

    @Test
    void aHealthCheckerIsNoHop() throws IOException {
        try (End connection = End.connect(new InetSocketAddress(NET.address(HEALTH_CHECKER), 0), LISTENER)) {
            connection.send(unsigned(flow(), List.of()));
            assertThat(connection.isReset()).isTrue();
            assertThat(hop.closedFrom(connection).object("verification").text("reason"))
                    .isEqualTo("unsigned");
        }
    }
}
