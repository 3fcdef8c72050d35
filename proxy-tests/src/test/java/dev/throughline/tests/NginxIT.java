package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.primitives.Bytes;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** nginx accepts a hop's header and logs the application's connection; this JVM is the application. */
@NeedsPrograms({"nginx", Nginx.STREAM_MODULE})
@Timeout(180)
class NginxIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress WEB = NET.at(3, 17001);
    private static final InetSocketAddress ROOMY = NET.at(3, 17002);
    private static final InetSocketAddress STREAM = NET.at(3, 17003);

    /** The destinations of the application; nginx answers instead. */
    private static final InetSocketAddress ASKED = NET.at(8, 80);

    private static final InetSocketAddress ASKED6 = new InetSocketAddress("2001:db8::8", 80);

    private static final Tuple FLOW =
            Tuple.tcp(new InetSocketAddress("192.0.2.1", 1), new InetSocketAddress("192.0.2.2", 2));

    @TempDir
    static Path folder;

    private static EchoServer echo;
    private static Hops hops;
    private static ForeignProgram nginx;
    private static Map<String, InetSocketAddress> fronts;

    @BeforeAll
    static void start() throws IOException {
        System.out.println("with " + Nginx.version());
        echo = EchoServer.at(NET.at(9, 17009));
        InetSocketAddress web6 = Loopback.ipv6();
        nginx = new Nginx()
                .http(WEB).http(web6).roomyHttp(ROOMY).stream(STREAM, echo.address())
                        .start(folder);
        fronts = Map.of(
                "IPv4 over IPv4", NET.at(1, 17001),
                "IPv6 over IPv4", Loopback.ipv6(),
                "IPv4 over IPv6", NET.at(2, 17001),
                "IPv6 over IPv6", Loopback.ipv6());
        hops = new Hops(folder, Host.THIS).keys("over-4", "over-6");
        hops.configure("over-4", LegacyRoute.firstHop(entries("over IPv4"), WEB));
        hops.configure("over-6", LegacyRoute.firstHop(entries("over IPv6"), web6));
        hops.start("over-4", "over-6");
    }

    private static Map<InetSocketAddress, InetSocketAddress> entries(String over) {
        return Map.of(fronts.get("IPv4 " + over), ASKED, fronts.get("IPv6 " + over), ASKED6);
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        nginx.close();
        echo.close();
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"IPv4 over IPv4", "IPv6 over IPv4", "IPv4 over IPv6", "IPv6 over IPv6"})
    void logsTheApplicationAndItsDestination(String way) throws IOException {
        try (End app = End.connect(fronts.get(way))) {
            app.send(request("/question"));
            assertThat(app.restText()).startsWith("HTTP/1.1 200 ").endsWith(answer(app.local(), "/question"));
            nginx.awaitLine(LoggedFlow.of(Tuple.tcp(app.local(), way.startsWith("IPv6") ? ASKED6 : ASKED)));
        }
    }

    @Test
    void aHeaderMayComeLongBeforeTheRequest() throws IOException {
        try (End app = End.connect(fronts.get("IPv4 over IPv4"))) {
            RunningHop hop = hops.get("over-4");
            await().until(() -> hop.flows().stream().anyMatch(flow -> isRelayed(flow, app)));
            app.send(request("/later"));
            assertThat(app.restText()).endsWith(answer(app.local(), "/later"));
        }
    }

    /** Asserts that the hop has sent its header, and that nginx hasn't closed the connection. */
    private static boolean isRelayed(JsonTree flow, End app) {
        return flow.text("stage").equals("relaying")
                && flow.object("arrival").text("source").equals(Tuple.text(app.local()));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"verified-1-hop", "verified-ipv6", "verified-4-hops"})
    void takesAHeaderAndARequestInOneSegment(String name) throws IOException {
        HeaderVector vector = HeaderVector.named(name).from(name.length());
        assertThat(isAnsweredAfter(vector.bytes(), vector.flow().source(), WEB)).isTrue();
        nginx.awaitLine(LoggedFlow.of(vector.flow()));
    }

    /** The limit of the legacy profile, 1024 bytes, is the default client_header_buffer_size. */
    @Test
    void takesAHeaderOf1024BytesAndNotOneMore() throws IOException {
        assertThat(isAnsweredAfter(headerOf(LegacyRoute.MAX_BYTES), FLOW.source(), WEB))
                .isTrue();
        assertThat(isAnsweredAfter(headerOf(LegacyRoute.MAX_BYTES + 1), FLOW.source(), WEB))
                .isFalse();
    }

    @Test
    void acceptsAnyHeaderOfAHopWithALargerBuffer() throws IOException {
        HeaderVector vector = HeaderVector.named("verified-4-fragments").from(5);
        assertThat(isAnsweredAfter(vector.bytes(), vector.flow().source(), ROOMY))
                .isTrue();
    }

    /** A header must be sent in one write, because nginx reads the first bytes once. */
    @Test
    void endsAConnectionWhoseHeaderComesInTwoWrites() throws IOException {
        byte[] header = HeaderVector.named("verified-1-hop").bytes();
        for (int split = 1; split < header.length; split++) {
            try (End connection = End.connect(WEB)) {
                connection.send(Arrays.copyOf(header, split));
                assertThat(connection.isOverWithin(10_000))
                        .as("after %d of %d bytes", split, header.length)
                        .isTrue();
            }
        }
    }

    /** Before 1.23.2 a stream listener reads 107 bytes, which is less than any signed header has. */
    @Test
    void aStreamTakesAHeaderSince1_23_2() throws IOException {
        HeaderVector vector = HeaderVector.named("verified-1-hop").from(4);
        try (End connection = End.connect(STREAM)) {
            connection.send(Bytes.concat(vector.bytes(), text("hello")));
            if (Nginx.isAtLeast(1, 23, 2)) {
                assertThat(connection.receiveText(5)).isEqualTo("hello");
            } else {
                assertThat(connection.isOverWithin(10_000)).isTrue();
                assertThat(echo.connections()).isZero();
            }
        }
    }

    private static byte[] headerOf(int bytes) {
        int empty = HeaderWriter.size(FLOW, List.of()) + Tlv.OVERHEAD;
        Tlv tlv = new Tlv(0xE5, dev.throughline.header.Bytes.copyOf(new byte[bytes - empty]));
        return HeaderWriter.proxy(FLOW, List.of(tlv)).toByteArray();
    }

    /** Returns whether nginx answers a request after this header; it closes the connection if it can't read the header. */
    private static boolean isAnsweredAfter(byte[] header, InetSocketAddress client, InetSocketAddress server)
            throws IOException {
        try (End connection = End.connect(server)) {
            connection.send(Bytes.concat(header, text(request("/direct"))));
            byte[] first = connection.input().readNBytes(1);
            return first.length > 0 && (text(first) + connection.restText()).endsWith(answer(client, "/direct"));
        } catch (java.net.SocketException e) {
            return false;
        }
    }

    private static String request(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    }

    private static String answer(InetSocketAddress client, String path) {
        return LoggedFlow.end(client) + " asked for " + path;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
