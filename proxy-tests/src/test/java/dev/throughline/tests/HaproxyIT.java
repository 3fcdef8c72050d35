package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Bytes;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HAProxy accepts a hop's header and logs the application's connection; this JVM is the application and the destination. */
@NeedsPrograms("haproxy")
@Timeout(180)
class HaproxyIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress RECEIVER = NET.at(3, 17001);
    private static final InetSocketAddress ECHOING = NET.at(3, 17002);

    @TempDir
    static Path folder;

    private static Destination destination;
    private static Destination destination6;
    private static EchoServer echo;
    private static Hops hops;
    private static ForeignProgram haproxy;
    private static Map<String, InetSocketAddress> fronts;

    @BeforeAll
    static void start() throws IOException {
        System.out.println("with " + Haproxy.version());
        destination = Destination.at(NET.address(9));
        destination6 = Destination.at(InetAddress.getByName("::1"));
        echo = EchoServer.at(NET.at(9, 17009));
        InetSocketAddress receiver6 = Loopback.ipv6();
        haproxy = new Haproxy()
                .acceptProxy(RECEIVER, destination.address())
                .acceptProxy(receiver6, destination.address())
                .acceptProxy(ECHOING, echo.address())
                .start(folder);
        fronts = Map.of(
                "IPv4 over IPv4", NET.at(1, 17001),
                "IPv6 over IPv4", Loopback.ipv6(),
                "IPv4 over IPv6", NET.at(2, 17001),
                "IPv6 over IPv6", Loopback.ipv6());
        hops = new Hops(folder, Host.THIS).keys("over-4", "over-6");
        hops.configure("over-4", LegacyRoute.firstHop(entries("over IPv4"), RECEIVER));
        hops.configure("over-6", LegacyRoute.firstHop(entries("over IPv6"), receiver6));
        hops.start("over-4", "over-6");
    }

    private static Map<InetSocketAddress, InetSocketAddress> entries(String over) {
        return Map.of(
                fronts.get("IPv4 " + over), destination.address(), fronts.get("IPv6 " + over), destination6.address());
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        haproxy.close();
        echo.close();
        destination.close();
        destination6.close();
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"IPv4 over IPv4", "IPv6 over IPv4", "IPv4 over IPv6", "IPv6 over IPv6"})
    void logsTheApplicationAndItsDestination(String way) throws IOException {
        InetSocketAddress asked = way.startsWith("IPv6") ? destination6.address() : destination.address();
        try (End app = End.connect(fronts.get(way));
                End server = destination.accept()) {
            app.send("question").finish();
            assertThat(server.restText()).isEqualTo("question");
            server.send("answer").close();
            assertThat(app.restText()).isEqualTo("answer");
            haproxy.awaitLine(LoggedFlow.of(Tuple.tcp(app.local(), asked)));
        }
    }

    @Test
    void aServerMaySpeakFirst() throws IOException {
        try (End app = End.connect(fronts.get("IPv4 over IPv4"));
                End server = destination.accept()) {
            server.send("220 welcome");
            assertThat(app.receiveText(11)).isEqualTo("220 welcome");
        }
    }

    @ParameterizedTest(name = "{0}: {1} fragments")
    @CsvSource({"verified-1-hop, 1", "verified-ipv6, 1", "verified-2-fragments, 2", "verified-4-fragments, 4"})
    void takesAHeaderAndPayloadInOneSegment(String name, int fragments) throws IOException {
        HeaderVector vector = HeaderVector.named(name).from(fragments);
        assertThat(vector.header().orElseThrow().tlvs()).hasSize(fragments);
        try (End connection = End.connect(ECHOING)) {
            connection.send(Bytes.concat(vector.bytes(), "hello".getBytes(StandardCharsets.US_ASCII)));
            connection.finish();
            assertThat(connection.restText()).isEqualTo("hello");
        }
        haproxy.awaitLine(LoggedFlow.of(vector.flow()));
    }

    /** A header must be sent in one write, because HAProxy reads the first bytes once. */
    @Test
    void endsAConnectionWhoseHeaderComesInTwoWrites() throws IOException {
        byte[] header = HeaderVector.named("verified-1-hop").bytes();
        long before = echo.connections();
        for (int split = 1; split < header.length; split++) {
            try (End connection = End.connect(ECHOING)) {
                connection.send(Arrays.copyOf(header, split));
                assertThat(connection.isOverWithin(10_000))
                        .as("after %d of %d bytes", split, header.length)
                        .isTrue();
            }
        }
        assertThat(echo.connections()).isEqualTo(before);
    }
}
