package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.Iterables;
import com.google.common.net.InetAddresses;
import com.google.common.primitives.Bytes;
import com.sun.management.UnixOperatingSystemMXBean;
import dev.throughline.chain.ChainTlv;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The attacks of SPEC.md, section 11, on a running hop, by their names there; attacks on the verifier alone are in
 * subclasses of HeaderAttack in proxy-core. Each succeeds, and its test fails, without its defence. This JVM is the previous hop,
 * whose key all hops trust, and the destination.
 */
@Order(1)
@Timeout(180)
class AttackIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress VAULT = NET.at(1, 17001);
    private static final InetSocketAddress WIDE = NET.at(2, 17001);
    private static final InetSocketAddress STRICT = NET.at(3, 17001);
    private static final InetSocketAddress CROWDED = NET.at(4, 17001);
    private static final int WELL_BEHAVED = 51;
    private static final int HEALTH_CHECKER = 77;
    private static final int FAILURES = 20;
    private static final int SLOTS = 60;

    /** Limited by the descriptors of this JVM and of a hop. */
    private static final int MANY = (int) Math.min(
            10_000,
            ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getMaxFileDescriptorCount() / 2);

    @TempDir
    static Path folder;

    private static EchoServer destination;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "vault", "wide", "strict", "crowded");
        hops.configure("vault", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                health-checkers: [%s/32]
                """.formatted(
                        Tuple.text(VAULT), NET.address(HEALTH_CHECKER).getHostAddress()));
        hops.configure("wide", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { half-open-headers: %d, half-open-headers-total: %d, header-timeout: 1m }
                """.formatted(Tuple.text(WIDE), MANY, MANY));
        hops.configure("strict", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { header-timeout: 700ms, header-failures: %d, header-failures-window: 10m }
                """.formatted(Tuple.text(STRICT), FAILURES));
        hops.configure("crowded", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { half-open-headers: 20, half-open-headers-total: %d, header-timeout: 1m }
                """.formatted(Tuple.text(CROWDED), SLOTS));
        hops.start("vault", "wide", "strict", "crowded");
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

    private static End from(int host, InetSocketAddress to) throws IOException {
        return End.connect(new InetSocketAddress(NET.address(host), 0), to);
    }

    private static byte[] header(String hop, End connection) {
        return new PreviousHop(hops.key("hop-a"), hop).header(flow(), connection);
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Asserts that vault resets the connection with this reason, and that nothing reaches the destination. */
    private static void isRejected(End connection, byte[] header, String reason) throws IOException {
        RunningHop vault = hops.get("vault");
        long before = destination.connections();
        double counted = vault.rejectedFor(reason);
        connection.send(Bytes.concat(header, text("twice")));
        assertThat(connection.isReset()).isTrue();
        assertThat(vault.rejectedFor(reason)).isEqualTo(counted + 1);
        assertThat(destination.connections()).isEqualTo(before);
    }

    /** Returns a header that vault has accepted and whose connection is closed. */
    private record Seen(byte[] header, InetSocketAddress source) {
        static Seen byVaultFrom(int host) throws IOException {
            try (End connection = from(host, VAULT)) {
                byte[] header = AttackIT.header("vault", connection);
                connection.send(header).send("once");
                assertThat(connection.receiveText(4)).isEqualTo("once");
                connection.reset();
                return new Seen(header, connection.local());
            }
        }
    }

    @Nested
    class ReplayOnTheSameConnection {
        @Test
        void madeAgain() throws IOException {
            Seen seen = Seen.byVaultFrom(60);
            try (End again = End.connect(seen.source(), VAULT)) {
                isRejected(again, seen.header(), "replayed");
            }
        }

        /** A connection starts with exactly one header: a second one is payload. */
        @Test
        void onceMoreInTheSameFlow() throws IOException {
            try (End connection = from(60, VAULT)) {
                byte[] header = header("vault", connection);
                connection.send(header).send(header).finish();
                Payload.assertSame(connection.rest(), header);
            }
        }
    }

    @Nested
    class ReplayOnAnotherConnection {
        @Test
        void ofTheSamePeer() throws IOException {
            Seen seen = Seen.byVaultFrom(60);
            try (End other = from(60, VAULT)) {
                isRejected(other, seen.header(), "not-my-connection");
            }
        }

        /** The receiver never got the header: an attacker on the path kept it. */
        @Test
        void beforeTheOneThatItIsFor() throws IOException {
            try (End caught = from(60, VAULT);
                    End other = from(61, VAULT)) {
                isRejected(other, header("vault", caught), "not-my-connection");
            }
        }
    }

    @Nested
    class ReplayAtAnotherReceiver {
        /** An attacker has redirected the previous hop's connection to this hop. */
        @Test
        void whereItsConnectionWasLedTo() throws IOException {
            try (End connection = from(60, VAULT)) {
                isRejected(connection, header("strict", connection), "not-my-audience");
            }
        }
    }

    @Nested
    class ReplayAfterARestart {
        /** A hop's replay store ends with its process. */
        @Test
        void ofTheReceiver() throws IOException {
            Seen seen = Seen.byVaultFrom(60);
            hops.get("vault").process().close();
            hops.start("vault");
            try (End again = End.connect(seen.source(), VAULT)) {
                isRejected(again, seen.header(), "issued-before-start");
            }
        }
    }

    @Nested
    class StrippedChain {
        private static Header read(byte[] header) {
            return ((ReadResult.Complete) new HeaderReader(HeaderLimits.NORMAL).read(header, header.length)).header();
        }

        @Test
        void byLeavingItOut() throws IOException {
            try (End connection = from(60, VAULT)) {
                Header genuine = read(header("vault", connection));
                byte[] stripped = HeaderWriter.proxy(genuine.tuple().orElseThrow(), List.of())
                        .toByteArray();
                isRejected(connection, stripped, "unsigned");
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {0x04, 0xE4, 0xEE})
        void byGivingItAnotherType(int type) throws IOException {
            try (End connection = from(60, VAULT)) {
                Header genuine = read(header("vault", connection));
                List<Tlv> tlvs = genuine.tlvs().stream()
                        .map(tlv -> new Tlv(type, tlv.value()))
                        .toList();
                byte[] renamed =
                        HeaderWriter.proxy(genuine.tuple().orElseThrow(), tlvs).toByteArray();
                isRejected(connection, renamed, "unsigned");
            }
        }

        @Test
        void byTakingAwayItsMagic() throws IOException {
            try (End connection = from(60, VAULT)) {
                byte[] header = header("vault", connection);
                assertThat(header[28] & 0xFF).isEqualTo(ChainTlv.STANDARD.type());
                header[31] ^= 1; // after type and length of the first TLV
                isRejected(connection, header, "unsigned");
            }
        }
    }

    @Nested
    class ProxyTurnedIntoLocal {
        private static byte[] local(End connection) {
            byte[] header = header("vault", connection);
            header[12] = 0x20;
            return header;
        }

        @Test
        void ofAHop() throws IOException {
            try (End connection = from(60, VAULT)) {
                isRejected(connection, local(connection), "local-not-allowed");
            }
        }

        /** A configured health checker may send LOCAL: the connection is closed without a failure. */
        @Test
        void ofAHealthChecker() throws IOException {
            long before = destination.connections();
            try (End connection = from(HEALTH_CHECKER, VAULT)) {
                connection.send(local(connection));
                assertThat(connection.isReset()).isFalse();
                assertThat(hops.get("vault").closedFrom(connection).text("reason"))
                        .isEqualTo("health-check");
            }
            assertThat(destination.connections()).isEqualTo(before);
        }
    }

    @Nested
    class EditedAddressBlock {
        /** Its family (to UDP), and the last bytes of source, destination and their ports. */
        @ParameterizedTest
        @ValueSource(ints = {13, 19, 23, 25, 27})
        void atAnyByte(int offset) throws IOException {
            try (End connection = from(60, VAULT)) {
                byte[] header = header("vault", connection);
                header[offset] ^= (byte) (offset == 13 ? 3 : 1);
                isRejected(connection, header, "address-mismatch");
            }
        }
    }

    /** Asserts that another peer's flow is served soon. */
    private static void isServed(String hop, InetSocketAddress listener) throws IOException {
        try (End other = from(WELL_BEHAVED, listener)) {
            other.send(header(hop, other)).send("as if nothing were").finish();
            assertThat(other.restText()).isEqualTo("as if nothing were");
            JsonTree closed = hops.get(hop).closedFrom(other);
            assertThat(closed.text("reason")).isEqualTo("completed");
            assertThat(Double.parseDouble(closed.text("duration_ms"))).isLessThan(2_000);
        }
    }

    /** Asserts that a connection without a byte is refused and counted. */
    private static void isRefusedUnheard(RunningHop hop, int host, InetSocketAddress listener, String reason)
            throws IOException {
        double before = hop.closedFor(reason);
        assertThat(End.isRefused(Optional.of(new InetSocketAddress(NET.address(host), 0)), listener, 0))
                .isTrue();
        hop.awaitMetric("throughline_flows_closed_total{reason=\"" + reason + "\"}", before + 1);
        assertThat(hop.refusedFrom(NET.address(host), reason).text("detail"))
                .startsWith("peer " + NET.address(host).getHostAddress());
    }

    @Nested
    class TenThousandHalfOpenHeaders {
        @Test
        void ofOnePeer() throws IOException {
            RunningHop hop = hops.get("wide");
            byte[] partial = Arrays.copyOf(
                    new PreviousHop(hops.key("hop-a"), "wide")
                            .header(flow(), Tuple.tcp(NET.at(7, 7), WIDE), Instant.now()),
                    20);
            List<End> flood = new ArrayList<>();
            try {
                for (int i = 0; i < MANY; i++) {
                    flood.add(from(50, WIDE).send(partial));
                }
                hop.awaitMetric("throughline_headers_half_open", MANY);
                // The peer is at its limit, and the hop logs it.
                isRefusedUnheard(hop, 50, WIDE, "header-budget");
                assertThat(hop.metric("throughline_headers_half_open_lost_total"))
                        .isZero();

                isServed("wide", WIDE);

                // The peer lost only its oldest connection.
                JsonTree lost = hop.closed(
                        line -> line.text("detail").equals("too many unfinished headers, and its peer has the most"));
                assertThat(lost.text("reason")).isEqualTo("header-budget");
                String source = lost.object("arrival").text("source");
                assertThat(flood.stream().filter(end -> Tuple.text(end.local()).equals(source)))
                        .singleElement()
                        .satisfies(end -> assertThat(end.isReset()).isTrue());
                hop.awaitMetric("throughline_headers_half_open_lost_total", 1);
                hop.awaitMetric("throughline_headers_half_open", MANY - 1);
            } finally {
                for (End end : flood) {
                    end.close();
                }
            }
            hop.awaitMetric("throughline_headers_half_open", 0);
        }

        /** The previous hop has the most headers, but the strangers with one each lose theirs. */
        @Test
        void ofManyPeersWithOneEach() throws IOException {
            RunningHop hop = hops.get("crowded");
            isServed("crowded", CROWDED);
            List<End> busy = new ArrayList<>();
            List<End> flood = new ArrayList<>();
            try {
                for (int i = 0; i < 10; i++) {
                    End end = from(WELL_BEHAVED, CROWDED);
                    busy.add(end.send(Arrays.copyOf(header("crowded", end), 20)));
                }
                hop.awaitMetric("throughline_headers_half_open", busy.size());
                for (int i = 0; i < 2 * SLOTS; i++) {
                    flood.add(from(100 + i, CROWDED));
                }
                hop.awaitMetric("throughline_headers_half_open_lost_total", SLOTS + busy.size());

                isServed("crowded", CROWDED);
                for (End end : busy) {
                    byte[] header = header("crowded", end);
                    end.send(Arrays.copyOfRange(header, 20, header.length))
                            .send("at last")
                            .finish();
                    assertThat(end.restText()).isEqualTo("at last");
                }
            } finally {
                for (End end : Iterables.concat(busy, flood)) {
                    end.close();
                }
            }
        }

        /** They take no time, and count as failures too. */
        @Test
        void thatEndAtOnce() throws IOException {
            RunningHop hop = hops.get("strict");
            for (int i = 0; i < FAILURES; i++) {
                try (End end = from(63, STRICT)) {
                    end.finish();
                    assertThat(end.isReset()).isTrue();
                    assertThat(hop.closedFrom(end).text("reason")).isEqualTo("header-incomplete");
                }
            }
            isRefusedUnheard(hop, 63, STRICT, "header-failures");
            isServed("strict", STRICT);
        }
    }

    @Nested
    class FloodOfBadSignatures {
        @Test
        void ofOnePeer() throws IOException {
            RunningHop hop = hops.get("strict");
            double rejected = hop.rejectedFor("bad-signature");
            for (int i = 0; i < FAILURES; i++) {
                try (End flooder = from(60, STRICT)) {
                    byte[] header = header("strict", flooder);
                    header[header.length - 1] ^= 1;
                    flooder.send(header);
                    assertThat(flooder.isReset()).isTrue();
                    assertThat(hop.closedFrom(flooder).text("reason")).isEqualTo("header-rejected");
                }
            }
            for (int i = 0; i < 10; i++) {
                isRefusedUnheard(hop, 60, STRICT, "header-failures");
            }
            // Beyond the limit, no signature is verified.
            assertThat(hop.rejectedFor("bad-signature")).isEqualTo(rejected + FAILURES);
            assertThat(hop.metric("throughline_headers_failing_peers")).isPositive();

            isServed("strict", STRICT);
        }
    }

    /** Each ends at its deadline, however many bytes it sent; a peer that repeats it is refused before its header is read. */
    @Nested
    class OneByteAtATime {
        @Test
        void byManyConnectionsOfOnePeer() throws IOException {
            RunningHop hop = hops.get("strict");
            List<End> slow = new ArrayList<>();
            try {
                for (int i = 0; i < FAILURES; i++) {
                    slow.add(from(61, STRICT));
                }
                byte[] header = header("strict", slow.getFirst());
                int sent = 0;
                do {
                    for (End end : slow) {
                        end.isSent(new byte[] {header[sent]});
                    }
                    sent++;
                } while (!slow.getLast().isOverWithin(50));
                assertThat(sent).isLessThan(header.length / 2);
                for (End end : slow) {
                    assertThat(hop.closedFrom(end).text("reason")).isEqualTo("header-timeout");
                }
                isRefusedUnheard(hop, 61, STRICT, "header-failures");
            } finally {
                for (End end : slow) {
                    end.close();
                }
            }
            isServed("strict", STRICT);
        }
    }

    /** It is rejected by its length, before the rest arrives. */
    @Nested
    class OversizedHeader {
        @ParameterizedTest
        @ValueSource(strings = {"0ff1", "ffff", "10"})
        void byItsLength(String length) throws IOException {
            try (End end = from(62, STRICT)) {
                end.send(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2111" + length));
                assertThat(end.isReset()).isTrue();
                JsonTree closed = hops.get("strict").closedFrom(end);
                assertThat(closed.text("reason")).isEqualTo("header-malformed");
                assertThat(closed.text("detail")).endsWith("bytes, at most 4096 are accepted");
            }
        }

        @Test
        void withTheLargestThatIsRead() throws IOException {
            try (End end = from(62, STRICT)) {
                end.send(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a21110ff0"))
                        .send(Bytes.concat(new byte[4080], text("hello")));
                assertThat(end.isReset()).isTrue();
            }
            isServed("strict", STRICT);
        }
    }

    /** Hops on one host that intercept an application, and each other. */
    @Nested
    @NeedsNamespaces
    @ParameterizedClass(name = "{0}")
    @EnumSource(InterceptionIT.Ways.class)
    class OnOneHost {
        private static OneHost scene;

        OnOneHost(InterceptionIT.Ways unused) {}

        @BeforeParameterizedClassInvocation
        static void start(InterceptionIT.Ways chosen) throws IOException {
            scene = OneHost.chain(Files.createDirectory(folder.resolve(chosen.name())), chosen.words);
        }

        @AfterParameterizedClassInvocation
        static void stop() throws IOException {
            scene.close();
        }

        /** Bytes of an application are payload, even if they look like a header. */
        @Nested
        class ForgedProxyHeaderOfAnApplication {
            static Stream<byte[]> forged() {
                Tuple lie = Tuple.tcp(Party.endpoint("192.0.2.66:66"), Party.endpoint("192.0.2.80:80"));
                byte[] stolenKey = new PreviousHop(scene.hops().key("hop-a"), "hop-b")
                        .header(lie, Tuple.tcp(Party.endpoint("10.91.9.1:4000"), OneHost.WEB), Instant.now());
                byte[] itsOwn = HeaderWriter.proxy(lie, List.of()).toByteArray();
                return Stream.of(
                        text("PROXY TCP4 192.0.2.66 192.0.2.80 66 80\r\nhello"),
                        itsOwn,
                        stolenKey,
                        Bytes.concat(itsOwn, stolenKey, Payload.bytes(3000)));
            }

            @ParameterizedTest
            @MethodSource("forged")
            void atOnce(byte[] payload) throws IOException {
                try (Party.Line line = scene.app().open(OneHost.WEB)) {
                    Payload.assertSame(line.say(payload), payload);
                    hasTheOriginatorOfTheKernel(line);
                }
            }

            @ParameterizedTest
            @MethodSource("forged")
            void oneByteAtATime(byte[] payload) throws IOException {
                try (Party.Line line = scene.app().open(OneHost.WEB)) {
                    Payload.assertSame(line.trickle(payload), payload);
                    hasTheOriginatorOfTheKernel(line);
                }
            }

            private static void hasTheOriginatorOfTheKernel(Party.Line line) throws IOException {
                JsonTree atC = scene.c().closedOf(line.source(), line.destination());
                OneHost.isOf(atC.object("originator"), scene.app());
                assertThat(atC.object("originator").text("destination")).isEqualTo(Tuple.text(OneHost.WEB));
            }

            /** With the mark that brings a hop's connections to the next hop's listener, and that hop's key. */
            @Test
            void withAHopsMark() throws IOException {
                scene.nothingArrives(() -> {
                    for (int i = 0; i < 2; i++) {
                        RunningHop next = scene.hops().get(OneHost.HOPS.get(i + 1));
                        double before = next.closedFor("owner-mismatch");
                        InetSocketAddress source = Party.endpoint("10.91.9.1:" + (5001 + i));
                        int mark = OneHost.MARKS.get(i);
                        PreviousHop thief =
                                new PreviousHop(scene.hops().key(OneHost.HOPS.get(i)), OneHost.HOPS.get(i + 1));
                        Tuple socket = Tuple.tcp(source, OneHost.WEB);
                        byte[] header = thief.header(socket, socket, Instant.now());
                        // It may be reset even before connect(2) returns.
                        assertThatThrownBy(() -> {
                                    try (Party.Line line = scene.app().open(Optional.of(source), OneHost.WEB, mark)) {
                                        line.say(header);
                                    }
                                })
                                .isInstanceOf(IOException.class);
                        JsonTree closed = next.closedFrom(source, OneHost.WEB);
                        assertThat(closed.text("reason")).isEqualTo("owner-mismatch");
                        assertThat(closed.object("kernel").text("pid"))
                                .isEqualTo(Long.toString(scene.app().pid()));
                        next.awaitClosed("owner-mismatch", before + 1);
                    }
                });
            }
        }

        /** With redirection the kernel assigns another port to one of them, which belongs to no socket. */
        @Nested
        class TwoSocketsWithOneSourcePort {
            @ParameterizedTest
            @EnumSource(InterceptionIT.Family.class)
            void towardsTwoDestinations(InterceptionIT.Family family) throws IOException {
                String own = family == InterceptionIT.Family.IPV4 ? "10.91.9.1:5000" : "[fd91:9::1]:5000";
                Optional<InetSocketAddress> from = Optional.of(Party.endpoint(own));
                byte[] payload = Payload.bytes(50);
                try (Party second = scene.party().ready();
                        Party.Line one = scene.app().open(from, family.web, 0);
                        Party.Line two = second.open(from, family.other, 0)) {
                    Payload.assertSame(one.say(payload), payload);
                    Payload.assertSame(two.say(payload), payload);
                    OneHost.isOf(originator(own, family.web), scene.app());
                    OneHost.isOf(originator(own, family.other), second);
                }
            }

            private static JsonTree originator(String source, InetSocketAddress destination) {
                return scene.c()
                        .closed(flow -> flow.object("originator").text("source").equals(source)
                                && flow.object("originator").text("destination").equals(Tuple.text(destination)))
                        .object("originator");
            }
        }

        /** A signed header must not reach the destination. */
        @Nested
        class MissingRulesOfTheNextHop {
            @Test
            void ofTheFirstHop() throws IOException {
                scene.hops().redirect("remove", "hop-b");
                try {
                    for (InetSocketAddress web : List.of(OneHost.WEB, OneHost.WEB6)) {
                        scene.nothingArrives(() -> scene.isRefusedBy(scene.a(), "connect-refused", web));
                    }
                    assertThat(scene.a()
                                    .closed(line -> line.text("reason").equals("connect-refused"))
                                    .text("detail"))
                            .startsWith("hop hop-b didn't intercept the connection to");
                } finally {
                    scene.hops().redirect("apply", "hop-b");
                }
                scene.works();
            }

            @Test
            void ofALaterHop() throws IOException {
                scene.hops().redirect("remove", "hop-c");
                try {
                    scene.nothingArrives(() -> scene.isRefusedBy(scene.b(), "connect-refused", OneHost.WEB));
                } finally {
                    scene.hops().redirect("apply", "hop-c");
                }
                scene.works();
            }
        }
    }
}
