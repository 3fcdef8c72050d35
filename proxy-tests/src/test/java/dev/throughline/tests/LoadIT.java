package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many flows at once and a large transfer, through three hops; the data arrives unchanged. */
@Timeout(180)
class LoadIT {
    private static final int FLOWS = 2_000;
    private static final int BYTES = 50_000;
    private static final long GIBIBYTE = 1L << 30;
    private static final List<String> HOPS = List.of("hop-a", "hop-b", "hop-c");
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress ECHO_FRONT = NET.at(1, 17001);
    private static final InetSocketAddress FRONT = NET.at(1, 17002);

    private static final String OPENED = "throughline_flows_opened_total";
    private static final String COMPLETED = "throughline_flows_closed_total{reason=\"completed\"}";
    private static final String ENDED = "throughline_flows_duration_seconds_count";
    private static final String OUT = "throughline_flows_transferred_bytes_total{direction=\"out\"}";

    @TempDir
    static Path folder;

    private static EchoServer echo;
    private static Destination destination;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        echo = EchoServer.at(NET.at(9, 17009));
        destination = Destination.at(NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b", "hop-c");
        hops.configure("hop-a", """
                listeners:
                  - { name: echo, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: hop-b, at: "%s" }
                """.formatted(
                        Tuple.text(ECHO_FRONT),
                        Tuple.text(echo.address()),
                        Tuple.text(FRONT),
                        Tuple.text(destination.address()),
                        NET.text(2, 17001)));
        hops.configure("hop-b", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "%s" }]
                route: { to: hop-c, at: "%s" }
                """.formatted(NET.text(2, 17001), NET.text(3, 17001)));
        hops.configure("hop-c", """
                listeners: [{ name: from-b, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(NET.text(3, 17001)));
        hops.start("hop-a", "hop-b", "hop-c");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        echo.close();
        destination.close();
    }

    @Test
    void twoThousandFlowsAtOnce() throws IOException {
        // Flows of other tests of this class may have come before.
        Map<String, Double> before = new HashMap<>();
        for (String name : HOPS) {
            for (String series : List.of(OPENED, COMPLETED, ENDED, OUT)) {
                before.put(name + series, hops.get(name).metric(series));
            }
        }
        CountDownLatch allOpen = new CountDownLatch(1);
        List<CompletableFuture<Void>> flows = IntStream.range(0, FLOWS)
                .mapToObj(i -> Payload.background(() -> converse(allOpen)))
                .toList();
        try {
            for (String name : HOPS) {
                hops.get(name).awaitMetric(OPENED, before.get(name + OPENED) + FLOWS);
                hops.get(name).awaitMetric("throughline_flows_open", FLOWS);
            }
            assertThat(hops.get("hop-c").flows())
                    .hasSize(FLOWS)
                    .allSatisfy(flow -> assertThat(flow.text("stage")).isEqualTo("relaying"));
        } finally {
            allOpen.countDown();
        }
        flows.forEach(CompletableFuture::join);

        assertThat(echo.bytes()).isEqualTo((long) FLOWS * BYTES);
        for (String name : HOPS) {
            RunningHop hop = hops.get(name);
            hop.awaitMetric("throughline_flows_open", 0);
            assertThat(hop.flows()).isEmpty();
            assertThat(hop.metric("throughline_headers_half_open")).isZero();
            hop.awaitMetric(COMPLETED, before.get(name + COMPLETED) + FLOWS);
            hop.awaitMetric(ENDED, before.get(name + ENDED) + FLOWS);
            hop.awaitMetric(OUT, before.get(name + OUT) + (double) FLOWS * BYTES);
        }
        nobodyElseIsNamed();
    }

    private static void converse(CountDownLatch allOpen) throws IOException {
        byte[] payload = Payload.bytes(BYTES);
        try (End app = End.connect(ECHO_FRONT)) {
            app.socket().setSoTimeout(60_000);
            allOpen.await();
            CompletableFuture<Void> sending =
                    Payload.background(() -> app.send(payload).finish());
            Payload.assertSame(app.rest(), payload);
            sending.join();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** Even under load, the flow names this process or none. */
    private static void nobodyElseIsNamed() {
        String self = Long.toString(ProcessHandle.current().pid());
        List<JsonTree> closed = new ArrayList<>(hops.get("hop-c").process().flowLog());
        closed.removeIf(line -> !line.text("event").equals("flow.close"));
        assertThat(closed)
                .allSatisfy(line ->
                        assertThat(line.object("originator").text("pid")).isIn(self, "-"));
        assertThat(closed)
                .filteredOn(line -> line.object("originator").text("pid").equals(self))
                .hasSizeGreaterThan(FLOWS * 9 / 10);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aGibibyte(boolean towardsTheDestination) throws IOException {
        Payload.Stream payload = new Payload.Stream(1, GIBIBYTE);
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            End from = towardsTheDestination ? app : server;
            End to = towardsTheDestination ? server : app;
            CompletableFuture<Void> sending = Payload.background(() -> {
                payload.writeTo(from.output());
                from.finish();
            });
            String received = Payload.sha256(to.input());
            sending.join();
            assertThat(received).isEqualTo(payload.sha256());
            to.finish();
            JsonTree closed = hops.get("hop-a").closedFrom(app);
            assertThat(closed.text("reason")).isEqualTo("completed");
            assertThat(closed.text(towardsTheDestination ? "bytes_out" : "bytes_in"))
                    .isEqualTo(Long.toString(GIBIBYTE));
        }
    }
}
