package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Bytes;
import dev.throughline.chain.ChainTlv;
import dev.throughline.header.Header;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The requirements of other readers of PROXY v2: the header arrives alone, in one write, small enough, with TCP's
 * families. This JVM is the application and the reader.
 */
@NeedsPrograms("ss")
@Timeout(180)
class LegacyHeaderIT {
    private static final Loopback NET = Loopback.own();
    private static final Pattern SEGMENTS = Pattern.compile("data_segs_in:(\\d+)");
    private static final InetSocketAddress ASKED = NET.at(8, 80);

    /** First hops, by the number of links in the header. */
    private static final Map<Integer, InetSocketAddress> FRONTS = Map.of(1, NET.at(1, 17001), 2, NET.at(2, 17001));

    @TempDir
    static Path folder;

    private static Destination receiver;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        receiver = Destination.at(NET.address(9));
        InetSocketAddress between = NET.at(3, 17001);
        hops = new Hops(folder, Host.THIS).keys("first", "second");
        hops.configure("first", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: second, at: "%s" }
                """.formatted(Tuple.text(FRONTS.get(2)), Tuple.text(ASKED), Tuple.text(between)));
        hops.configure("second", LegacyRoute.anyHop(Map.of(FRONTS.get(1), ASKED), between, receiver.address()));
        hops.start("first", "second");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        receiver.close();
    }

    @ParameterizedTest(name = "{0} links")
    @ValueSource(ints = {1, 2})
    void comesInOneSegmentBeforeAnyPayload(int links) throws IOException {
        try (End app = End.connect(FRONTS.get(links));
                End connection = receiver.accept()) {
            byte[] bytes = receiveHeader(connection);
            assertThat(segments(connection)).isEqualTo(1);

            assertThat(bytes).hasSizeLessThanOrEqualTo(LegacyRoute.MAX_BYTES);
            Header header = new HeaderVector("received", bytes).header().orElseThrow();
            Tuple flow = header.tuple().orElseThrow();
            assertThat(flow).isEqualTo(new Tuple(TransportProtocol.TCP4, app.local(), ASKED));
            assertThat(header.tlvs()).extracting(Tlv::type).containsExactly(ChainTlv.STANDARD.type());

            app.send("payload");
            assertThat(connection.receiveText(7)).isEqualTo("payload");
        }
    }

    /** The header's length is in its 15th and 16th byte. */
    private static byte[] receiveHeader(End connection) throws IOException {
        byte[] fixed = connection.receive(16);
        return Bytes.concat(fixed, connection.receive(ByteBuffer.wrap(fixed).getShort(14)));
    }

    /** Returns the number of segments with data that the kernel has received on this connection. */
    private static int segments(End connection) throws IOException {
        String sockets = Host.THIS.run(List.of(
                ForeignProgram.path("ss"),
                "-tinH",
                "src",
                Tuple.text(connection.local()),
                "dst",
                Tuple.text(connection.remote())));
        Matcher count = SEGMENTS.matcher(sockets);
        assertThat(count.find()).as(sockets).isTrue();
        return Integer.parseInt(count.group(1));
    }
}
