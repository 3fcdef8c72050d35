package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * HAProxy that listens on both families with one socket, in front of a legacy listener that does so too. It sends the
 * flow's own destination, which is HAProxy itself: the hop's route goes to a server.
 */
@NeedsPrograms("haproxy")
@Timeout(180)
class DualStackIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress CHECKER = NET.at(8, 0);
    private static final InetSocketAddress NEXT = NET.at(2, 17002);

    @TempDir
    static Path folder;

    private static EchoServer echo;
    private static Hops hops;
    private static RunningHop hop;
    private static ForeignProgram haproxy;
    private static int byConnection;
    private static int byHeader;
    private static InetSocketAddress server;

    @BeforeAll
    static void start() throws IOException {
        byConnection = Loopback.ipv6().getPort();
        byHeader = Loopback.ipv6().getPort();
        int legacy = Loopback.ipv6().getPort();
        // All flows go to this server instead of a next hop.
        echo = EchoServer.at(NEXT);
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure("hop-a", """
                listeners:
                  - { name: proxies, mode: legacy, by: plain, address: "[::]:%d", peers: [%s] }
                  - { name: chain, mode: chain, by: plain, address: "%s" }
                route: { to: next, at: "%s" }
                limits: { header-failures: 10 }
                """.formatted(
                        legacy, CHECKER.getAddress().getHostAddress(), NET.text(1, 17003), Tuple.text(NEXT)));
        hops.start("hop-a");
        hop = hops.get("hop-a");
        server = NET.at(1, legacy);
        haproxy = new Haproxy()
                .sendProxy(byConnection, CHECKER, server, "no-check-send-proxy")
                .sendProxy(byHeader, CHECKER, server, "")
                .start(folder);
    }

    @AfterAll
    static void stop() throws IOException {
        haproxy.close();
        hops.close();
        echo.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void aFlowOfEitherFamilyIsWhatItIs(String address) throws IOException {
        flowsOfBothFamiliesAreWhatTheyAre(address);
    }

    /** HAProxy sends LOCAL, fifty times a second; ten failures in ten seconds would be too many. */
    @Test
    void healthChecksDontCountAsFailures() throws IOException {
        String reason = "header-without-flow";
        double before = hop.closedFor(reason);
        await(reason).atMost(Duration.ofSeconds(20)).until(() -> hop.closedFor(reason) >= before + 15);
        nobodyIsShutOut();
    }

    private static void nobodyIsShutOut() throws IOException {
        flowsOfBothFamiliesAreWhatTheyAre("127.0.0.1");
        assertThat(hop.metric("throughline_headers_failed_total")).isZero();
        assertThat(hop.closedFor("header-failures")).isZero();
        // A limit is lowered where the tests may open few files.
        assertThat(hop.process().messages())
                .filteredOn(line -> !line.contains(" is lowered from "))
                .noneMatch(line -> line.contains("WARN") || line.contains("ERROR"));
    }

    private static void flowsOfBothFamiliesAreWhatTheyAre(String address) throws IOException {
        for (int port : new int[] {byConnection, byHeader}) {
            InetSocketAddress to = new InetSocketAddress(InetAddresses.forString(address), port);
            try (End app = End.connect(to)) {
                app.send("hello").finish();
                assertThat(app.restText()).endsWith("hello");
                JsonTree who = hop.closedOf(app.local(), to).object("originator");
                assertThat(who.text("source")).isEqualTo(Tuple.text(app.local()));
            }
        }
    }

    /** Checks as load balancers do, with an orderly end or a reset. */
    @Test
    void aConnectionThatClosesAtOnceIsAHealthCheck() throws IOException {
        for (int i = 0; i < 20; i++) {
            try (End checker = End.connect(new InetSocketAddress(CHECKER.getAddress(), 0), server)) {
                if (i % 2 == 0) {
                    checker.finish();
                    assertThat(checker.isReset()).isFalse();
                } else {
                    checker.reset();
                }
            }
        }
        nobodyIsShutOut();
    }

    /** One such client of a proxy must not block all others. */
    @Test
    void mixedAddressesAreNotTheProxysFailure() throws IOException {
        byte[] header = HexFormat.of()
                .parseHex("0d0a0d0a000d0a515549540a" + "21210024" + "00000000000000000000ffffc0000207"
                        + "20010db8000000000000000000000080" + "126701bb");
        for (int i = 0; i < 20; i++) {
            try (End proxy = End.connect(new InetSocketAddress(CHECKER.getAddress(), 0), server)) {
                proxy.send(header);
                assertThat(proxy.isReset()).isTrue();
            }
        }
        nobodyIsShutOut();
    }
}
