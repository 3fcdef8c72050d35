package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Flows that can't be served end in bounded time, with a reason, and the application gets a reset. */
@Timeout(180)
class LimitsIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);
    private static final InetSocketAddress SILENT = NET.at(1, 17002);
    private static final InetSocketAddress CHAIN = NET.at(1, 17003);
    private static final InetSocketAddress LOST = NET.at(2, 17001);
    private static final InetSocketAddress MUTE = NET.at(3, 17001);
    private static final InetSocketAddress SMALL = NET.at(4, 17001);
    private static final int HALF_OPEN = 4;

    @TempDir
    static Path folder;

    private static Destination destination;
    private static Destination silent;
    private static final List<End> queue = new ArrayList<>();
    private static Hops hops;
    private static RunningHop strict;

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        silent = Destination.withFullQueue(NET.address(9));
        for (int i = 0; i < 2; i++) {
            queue.add(End.connect(silent.address()));
        }
        hops = new Hops(folder, Host.THIS).keys("strict", "lost", "mute", "small");
        hops.configure("strict", """
                listeners:
                  - { name: good, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: silent, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: chain, mode: chain, by: plain, address: "%s" }
                route: { to: destination }
                limits:
                  { half-open-headers: %d, header-timeout: 500ms, idle-timeout: 500ms, connect-timeout: 500ms }
                """.formatted(
                        Tuple.text(FRONT),
                        Tuple.text(destination.address()),
                        Tuple.text(SILENT),
                        Tuple.text(silent.address()),
                        Tuple.text(CHAIN),
                        HALF_OPEN));
        oneWay("lost", LOST, NET.text(8, 17001));
        oneWay("mute", MUTE, Tuple.text(silent.address()));
        hops.configure("small", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: destination }
                limits: { flows: 2 }
                classes: { default: { wait: 100ms } }
                """.formatted(Tuple.text(SMALL), Tuple.text(destination.address())));
        strict = hops.start("strict", "lost", "mute", "small").get("strict");
    }

    /** A hop whose next hop isn't running. */
    private static void oneWay(String name, InetSocketAddress front, String next) throws IOException {
        hops.configure(name, """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: nobody, at: "%s" }
                limits: { connect-timeout: 500ms }
                """.formatted(Tuple.text(front), Tuple.text(destination.address()), next));
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
        silent.close();
        for (End end : queue) {
            end.close();
        }
    }

    @Test
    void aSilentFlowEndsAtTheIdleTimeout() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("last words");
            assertThat(server.receiveText(10)).isEqualTo("last words");
            assertThat(app.isReset()).isTrue();
            assertThat(server.isReset()).isTrue();
            endedFor(strict, app, "idle-timeout");
        }
    }

    @Test
    void aFlowThatMovesIsNotIdle() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            long end = System.nanoTime() + Duration.ofMillis(1200).toNanos();
            while (System.nanoTime() < end) {
                // Waits a fifth of the idle timeout, without an answer.
                assertThat(app.isOverWithin(100)).isFalse();
                app.send("x");
                server.receive(1);
            }
            app.finish();
            server.finish();
            assertThat(app.isReset()).isFalse();
            endedFor(strict, app, "completed", 30_000);
        }
    }

    @Test
    void aDestinationThatDoesNotAnswer() throws IOException {
        try (End app = End.connect(SILENT)) {
            assertThat(app.isReset()).isTrue();
            endedFor(strict, app, "connect-timeout");
        }
    }

    @Test
    void aNextHopThatIsNotThere() throws IOException {
        try (End app = End.connect(LOST)) {
            assertThat(app.isReset()).isTrue();
            endedFor(hops.get("lost"), app, "connect-refused");
        }
    }

    @Test
    void aNextHopThatDoesNotAnswer() throws IOException {
        try (End app = End.connect(MUTE)) {
            assertThat(app.isReset()).isTrue();
            endedFor(hops.get("mute"), app, "connect-timeout");
        }
    }

    private static void endedFor(RunningHop hop, End app, String reason) {
        endedFor(hop, app, reason, 5_000);
    }

    private static void endedFor(RunningHop hop, End app, String reason, int millis) {
        JsonTree closed = hop.closedFrom(app);
        assertThat(closed.text("reason")).describedAs(closed.toJson()).isEqualTo(reason);
        assertThat(Double.parseDouble(closed.text("duration_ms"))).isLessThan(millis);
    }

    @Test
    void oneFlowTooMany() throws IOException {
        try (End first = End.connect(SMALL);
                End atServer = destination.accept();
                End second = End.connect(SMALL);
                End alsoAtServer = destination.accept()) {
            assertThat(End.isRefused(Optional.empty(), SMALL, 0)).isTrue();
            hops.get("small").closed(line -> line.text("reason").equals("no-slot"));
            // The open flows continue, and the slot of one that ends is free again.
            first.send("still here");
            assertThat(atServer.receiveText(10)).isEqualTo("still here");
            second.reset();
            assertThat(alsoAtServer.isReset()).isTrue();
            endedFor(hops.get("small"), second, "inbound-reset");
        }
        try (End next = End.connect(SMALL);
                End server = destination.accept()) {
            next.send("hello");
            assertThat(server.receiveText(5)).isEqualTo("hello");
        }
    }

    @Test
    void aSilentPeer() throws IOException {
        try (End peer = End.connect(CHAIN)) {
            assertThat(peer.isReset()).isTrue();
            endedFor(strict, peer, "header-timeout");
        }
    }

    @Test
    void aPeerThatSendsOneByteAtATime() throws IOException {
        byte[] header = new PreviousHop(hops.key("lost"), "strict")
                .header(
                        Tuple.tcp(NET.at(7, 7), destination.address()),
                        Tuple.tcp(NET.at(7, 7), CHAIN),
                        java.time.Instant.now());
        try (End peer = End.connect(CHAIN)) {
            int sent = 0;
            while (peer.isSent(new byte[] {header[sent++]}) && !peer.isOverWithin(50)) {
                assertThat(sent).isLessThan(100);
            }
            assertThat(sent).isLessThan(100);
            endedFor(strict, peer, "header-timeout");
        }
    }

    @Test
    void unfinishedHeadersOfOnePeerDoNotUseAnothersSlots() throws IOException {
        strict.awaitMetric("throughline_headers_half_open", 0);
        List<End> greedy = new ArrayList<>();
        try {
            for (int i = 0; i < HALF_OPEN; i++) {
                greedy.add(End.connect(new InetSocketAddress(NET.address(50), 0), CHAIN));
            }
            strict.awaitMetric("throughline_headers_half_open", HALF_OPEN);
            assertThat(End.isRefused(Optional.of(new InetSocketAddress(NET.address(50), 0)), CHAIN, 0))
                    .isTrue();
            JsonTree refused = strict.closed(line -> line.text("reason").equals("header-budget"));
            assertThat(refused.object("arrival").text("source"))
                    .startsWith("127.")
                    .contains(".50:");
            try (End other = End.connect(new InetSocketAddress(NET.address(51), 0), CHAIN)) {
                byte[] header = new PreviousHop(hops.key("lost"), "strict")
                        .header(Tuple.tcp(NET.at(7, 7), destination.address()), other);
                other.send(header).send("I have one");
                try (End server = destination.accept()) {
                    assertThat(server.receiveText(10)).isEqualTo("I have one");
                }
            }
        } finally {
            for (End end : greedy) {
                end.close();
            }
        }
        // The greedy application's slots become free.
        strict.awaitMetric("throughline_headers_half_open", 0);
    }
}
