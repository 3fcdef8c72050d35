package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.net.InetAddresses;
import com.google.common.primitives.Bytes;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A hop whose clock is set, at the start and while it runs; this JVM is the previous hop, with a clock that is right
 * unless a test changes it. The clock of this machine isn't changed.
 */
@Timeout(180)
class ClockStepsIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress VAULT = NET.at(1, 17001);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration DOUBT = VerifierSettings.DEFAULT_TTL.plus(VerifierSettings.DEFAULT_SKEW);

    @TempDir
    Path folder;

    private EchoServer destination;
    private Hops hops;
    private RunningHop vault;
    private Instant corrected = Instant.EPOCH;

    @BeforeEach
    void configure() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "vault");
        hops.configure("vault", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { header-failures: 3, header-failures-window: 10m }
                """.formatted(Tuple.text(VAULT)));
    }

    @AfterEach
    void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private void start(Duration ahead) throws IOException {
        set(ahead);
        vault = hops.startAs(
                "vault",
                Program.test(
                        SteppedHop.class,
                        hops.config("vault").toString(),
                        folder.resolve("ahead").toString()));
    }

    private void set(Duration ahead) throws IOException {
        Path next = Files.writeString(folder.resolve("ahead.next"), Long.toString(ahead.toMillis()));
        Files.move(next, folder.resolve("ahead"), StandardCopyOption.ATOMIC_MOVE);
        corrected = Instant.now();
    }

    /** A header, its connection, and the time of its creation by the right clock. */
    private record Seen(byte[] header, InetSocketAddress source, Instant sent) {
        Duration age() {
            return Duration.between(sent, Instant.now());
        }
    }

    private Seen send(Duration previousHopAhead, boolean served) throws IOException {
        try (End connection = End.connect(new InetSocketAddress(NET.address(60), 0), VAULT)) {
            Tuple flow =
                    Tuple.tcp(new InetSocketAddress(InetAddresses.forString("192.0.2.7"), 4711), destination.address());
            Instant now = Instant.now();
            byte[] header = new PreviousHop(hops.key("hop-a"), "vault")
                    .header(flow, PreviousHop.socket(connection), now.plus(previousHopAhead));
            Seen seen = new Seen(header, connection.local(), now);
            connection.send(header).send("once");
            if (served) {
                assertThat(connection.receiveText(4)).isEqualTo("once");
                connection.reset();
            } else {
                assertThat(connection.isReset()).isTrue();
            }
            return seen;
        }
    }

    private boolean isServed(Duration previousHopAhead) {
        try {
            send(previousHopAhead, true);
            return true;
        } catch (IOException | AssertionError e) {
            return false;
        }
    }

    private void isServedWithinTtlAndSkew(Duration previousHopAhead) {
        await().atMost(DOUBT).pollInterval(Duration.ofMillis(100)).until(() -> isServed(previousHopAhead));
        assertThat(Duration.between(corrected, Instant.now())).isLessThan(DOUBT);
    }

    private void isRejected(Seen seen, String reason) throws IOException {
        long before = destination.connections();
        double counted = vault.rejectedFor(reason);
        try (End again = End.connect(seen.source(), VAULT)) {
            again.send(Bytes.concat(seen.header(), "twice".getBytes(StandardCharsets.US_ASCII)));
            assertThat(again.isReset()).isTrue();
        }
        assertThat(vault.rejectedFor(reason)).isEqualTo(counted + 1);
        assertThat(destination.connections()).isEqualTo(before);
    }

    @Test
    void servesAgainAfterAStartWithAClockThatWasAhead() throws IOException {
        start(HOUR);
        // Enough failures to be refused until the window is over.
        for (int i = 0; i < 4; i++) {
            send(Duration.ZERO, false);
        }
        set(Duration.ZERO);
        isServedWithinTtlAndSkew(Duration.ZERO);
        vault.awaitMessage("clock stepped back by 3600.0 s: headers issued before ");
        vault.awaitMetric("throughline_clock_steps_total{direction=\"back\"}", 1);
        assertThat(vault.metric("throughline_clock_steps_total{direction=\"forward\"}"))
                .isZero();
    }

    @Test
    void servesAgainAfterAStartWithAClockThatWasBehind() throws IOException {
        start(HOUR.negated());
        send(Duration.ZERO, false);
        set(Duration.ZERO);
        isServedWithinTtlAndSkew(Duration.ZERO);
        vault.awaitMessage("clock stepped forward by 3600.0 s: ");
    }

    /** A header that was accepted while the clock was ahead expires an hour later, and must be remembered until then. */
    @Test
    @Tag("attack")
    void replaysOfAcceptedHeadersAreRejectedAfterTheClockWentBack() throws IOException {
        start(Duration.ZERO);
        Seen right = send(Duration.ZERO, true);
        set(HOUR);
        isServedWithinTtlAndSkew(HOUR);
        Seen ahead = send(HOUR, true);
        // After their expiry, the chains are dropped.
        set(HOUR.plusMinutes(1));
        isServedWithinTtlAndSkew(HOUR.plusMinutes(1));

        set(Duration.ZERO);
        isServedWithinTtlAndSkew(Duration.ZERO);
        isRejected(ahead, "from-the-future");
        // The clock is set so that each header seems to be current.
        set(HOUR.minus(ahead.age()).minusSeconds(1));
        isRejected(ahead, "replayed");
        set(right.age().plusSeconds(1).negated());
        isRejected(right, "replayed");
        vault.awaitMetric("throughline_clock_steps_total{direction=\"back\"}", 2);
    }
}
