package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Bytes;
import com.sun.management.UnixOperatingSystemMXBean;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One peer floods a hop, and another doesn't feel it. */
@Timeout(120)
class FloodIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress WIDE = NET.at(1, 17001);
    private static final InetSocketAddress STRICT = NET.at(2, 17001);
    private static final int WELL_BEHAVED = 51;
    private static final int FAILURES = 20;

    /** As many as there are descriptors for, here and there. */
    private static final int MANY = (int) Math.min(
            10_000,
            ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getMaxFileDescriptorCount()
                    - 500);

    @TempDir
    static Path folder;

    private static EchoServer destination;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "wide", "strict");
        hops.configure("wide", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { flows: 20000, half-open-headers: %d, half-open-headers-total: %d, header-timeout: 1m }
                """.formatted(Tuple.text(WIDE), MANY, MANY));
        hops.configure("strict", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { header-timeout: 700ms, header-failures: %d, header-failures-window: 10m }
                """.formatted(Tuple.text(STRICT), FAILURES));
        hops.start("wide", "strict");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private static Tuple flow() {
        return Tuple.tcp(NET.at(7, 7), destination.address());
    }

    private static End from(int host, InetSocketAddress to) throws IOException {
        return End.connect(new InetSocketAddress(NET.address(host), 0), to);
    }

    private static byte[] header(String hop, End connection) {
        return new PreviousHop(hops.key("hop-a"), hop).header(flow(), connection);
    }

    /** Another peer's flow goes through, and soon. */
    private static void isServed(String hop, InetSocketAddress listener) throws IOException {
        try (End other = from(WELL_BEHAVED, listener)) {
            other.send(header(hop, other)).send("as if nothing were").finish();
            assertThat(other.restText()).isEqualTo("as if nothing were");
            JsonTree closed = hops.get(hop).closedFrom(other);
            assertThat(closed.text("reason")).isEqualTo("completed");
            assertThat(Double.parseDouble(closed.text("duration_ms"))).isLessThan(2_000);
        }
    }

    /** A connection that says nothing is refused, and counted. */
    private static void isRefusedUnheard(RunningHop hop, int host, InetSocketAddress listener, String reason)
            throws IOException {
        double before = hop.closedFor(reason);
        assertThat(End.isRefused(Optional.of(new InetSocketAddress(NET.address(host), 0)), listener, 0))
                .isTrue();
        hop.awaitMetric("throughline_flows_closed_total{reason=\"" + reason + "\"}", before + 1);
        assertThat(hop.refusedFrom(NET.address(host), reason).text("detail"))
                .startsWith("peer " + NET.address(host).getHostAddress());
    }

    @Test
    void tenThousandHalfOpenHeaders() throws IOException {
        RunningHop hop = hops.get("wide");
        byte[] begun = Arrays.copyOf(
                new PreviousHop(hops.key("hop-a"), "wide").header(flow(), Tuple.tcp(NET.at(7, 7), WIDE), Instant.now()),
                20);
        List<End> flood = new ArrayList<>();
        try {
            for (int i = 0; i < MANY; i++) {
                flood.add(from(50, WIDE).send(begun));
            }
            hop.awaitMetric("throughline_headers_half_open", MANY);
            // The peer has all that it may, and is told so.
            isRefusedUnheard(hop, 50, WIDE, "header-budget");
            assertThat(hop.metric("throughline_headers_half_open_lost_total")).isZero();

            isServed("wide", WIDE);

            // For that it lost its oldest, and nothing more.
            assertThat(flood.getFirst().isReset()).isTrue();
            JsonTree lost = hop.closedFrom(flood.getFirst());
            assertThat(lost.text("reason")).isEqualTo("header-budget");
            assertThat(lost.text("detail"))
                    .isEqualTo("all places for unfinished headers are taken, and its peer has the most");
            assertThat(hop.metric("throughline_headers_half_open_lost_total")).isEqualTo(1);
            hop.awaitMetric("throughline_headers_half_open", MANY - 1);
        } finally {
            for (End end : flood) {
                end.close();
            }
        }
        hop.awaitMetric("throughline_headers_half_open", 0);
    }

    @Test
    void badSignatures() throws IOException {
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
        // What comes after the budget costs no signature.
        assertThat(hop.rejectedFor("bad-signature")).isEqualTo(rejected + FAILURES);
        assertThat(hop.metric("throughline_headers_failing_peers")).isPositive();

        isServed("strict", STRICT);
    }

    /** Each ends at its deadline, however often it has sent a byte; who does that again and again is refused unheard. */
    @Test
    void oneByteAtATime() throws IOException {
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
                    send(end, header[sent]);
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

    /** The hop's reset may be there before the byte. */
    private static void send(End end, byte one) {
        try {
            end.send(new byte[] {one});
        } catch (IOException e) {
            assertThat(e).hasMessageMatching("Connection reset.*|Broken pipe.*");
        }
    }

    /** It is refused by what its length says, before any of it is here. */
    @Test
    void headersThatAreTooLarge() throws IOException {
        RunningHop hop = hops.get("strict");
        for (String length : List.of("0ff1", "ffff", "10")) {
            try (End end = from(62, STRICT)) {
                end.send(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2111" + length));
                assertThat(end.isReset()).isTrue();
                JsonTree closed = hop.closedFrom(end);
                assertThat(closed.text("reason")).isEqualTo("header-malformed");
                assertThat(closed.text("detail")).endsWith("bytes, at most 4096 are accepted");
            }
        }
        try (End end = from(62, STRICT)) {
            end.send(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a21110ff0"))
                    .send(Bytes.concat(new byte[4080], "hello".getBytes(StandardCharsets.US_ASCII)));
            assertThat(end.isReset()).isTrue();
        }
        isServed("strict", STRICT);
    }

    @Test
    void connectionsThatEndAtOnce() throws IOException {
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
