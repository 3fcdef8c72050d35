package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop that may open no more files. */
@NeedsPrograms("prlimit")
@Timeout(120)
class ShortagesIT {
    private static final String CAPACITY = "throughline_budget_capacity{pool=\"bsd-socket\"}";
    private static final String REFUSED = "throughline_accepts_refused_total";
    private static final int LIMIT = 256;
    private static final int FLOOD = 400;

    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress APPS = NET.at(1, 17001);

    @TempDir
    Path folder;

    private EchoServer destination;
    private Hops hops;
    private RunningHop hop;

    @BeforeEach
    void start() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: destination }
                classes: { default: { wait: 0s } }
                """.formatted(Tuple.text(APPS), Tuple.text(destination.address())));
        hop = hops.start("hop-a", List.of("prlimit", "--nofile=" + LIMIT + ":" + LIMIT), process -> {});
    }

    @AfterEach
    void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private static boolean isServed(End app) {
        try {
            return app.send("hello").receiveText(5).equals("hello");
        } catch (IOException e) {
            return false;
        }
    }

    /** Places are what fits: whoever has one is served, and nobody else takes what it needs. */
    @Test
    void asManyAreServedAsThereArePlaces() throws IOException {
        double capacity = hop.metric(CAPACITY);
        assertThat(capacity).isBetween(60.0, 95.0);
        List<End> apps = new ArrayList<>();
        int served = 0;
        try {
            for (int i = 0; i < FLOOD; i++) {
                End app = End.connect(APPS);
                apps.add(app);
                served += isServed(app) ? 1 : 0;
            }
            assertThat(served).isEqualTo((int) capacity);
            assertThat(hop.metric(CAPACITY)).isEqualTo(capacity);
        } finally {
            for (End app : apps) {
                app.close();
            }
        }
        hop.awaitMetric("throughline_flows_open", 0);
        for (String reason : List.of("connect-failed", "start-failed", "no-descriptors", "internal-error")) {
            assertThat(hop.closedFor(reason)).as(reason).isZero();
        }
        assertThat(hop.closedFor("no-place")).isEqualTo(FLOOD - capacity);
        try (End app = End.connect(APPS)) {
            assertThat(isServed(app)).isTrue();
        }
        assertThat(hop.awaitMessage("has room for")).contains((int) capacity + " flows");
    }

    /** Something else can take the descriptors nevertheless. It is this host's want, and it is over when it is over. */
    @Test
    void withoutADescriptorConnectionsAreRefusedAtOnceAndSayWhy() throws IOException {
        limit(0);
        for (int i = 0; i < 3; i++) {
            assertThat(End.isRefused(java.util.Optional.empty(), APPS, 0)).isTrue();
        }
        // One for the application's connection, and none for the next.
        limit(1);
        assertThat(End.isRefused(java.util.Optional.empty(), APPS, 0)).isTrue();
        limit(LIMIT);

        JsonTree closed = hop.closed(line -> line.text("reason").equals("no-descriptors"));
        assertThat(closed.text("detail")).contains("LimitNOFILE=");
        assertThat(hop.closedFor("connect-failed")).isZero();
        assertThat(hop.metric(REFUSED)).isGreaterThanOrEqualTo(3);
        assertThat(hop.awaitMessage("listener apps: connections are refused unserved")).contains("LimitNOFILE=");
        hop.awaitMessage("transport bsd-socket: flows end with no-descriptors");
        assertThat(hop.process().messages().stream().filter(line -> line.contains("refused unserved")))
                .hasSize(1);
        try (End app = End.connect(APPS)) {
            assertThat(isServed(app)).isTrue();
        }
        assertThat(hop.metric("throughline_transport_breaker{state=\"closed\",transport=\"bsd-socket\"}"))
                .isEqualTo(1);
        await("it is ready again").atMost(Duration.ofSeconds(20)).until(() -> hop.get("/-/ready")
                .equals("ready\n"));
    }

    /** Lets it open so many more files: its limit is on the number of a descriptor, and the lowest free one is taken. */
    private void limit(int more) throws IOException {
        TreeSet<Integer> open = new TreeSet<>();
        try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(hop.pid()), "fd"))) {
            files.forEach(file -> open.add(Integer.valueOf(file.getFileName().toString())));
        }
        int limit = 0;
        for (int free = 0; free < more || open.contains(limit); limit++) {
            free += open.contains(limit) ? 0 : 1;
        }
        Host.THIS.run(List.of(
                "prlimit", "--pid", Long.toString(hop.pid()), "--nofile=" + Math.min(limit, LIMIT) + ":" + LIMIT));
    }
}
