package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop that may open no more files. */
@NeedsPrograms("prlimit")
@Timeout(180)
class ShortagesIT {
    private static final String CAPACITY = "throughline_budget_capacity{pool=\"bsd-socket\"}";
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
                budget: { reserve: 0%%, soft: 100%% }
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

    /** There are as many slots as fit: a flow with a slot is served, and others can't take its resources. */
    @Test
    void servesAsManyFlowsAsThereAreSlots() throws IOException {
        double capacity = hop.metric(CAPACITY);
        assertThat(capacity).isBetween(45.0, 95.0);
        List<End> apps = new ArrayList<>();
        int served = 0;
        try {
            for (int i = 0; i < FLOOD; i++) {
                try {
                    End app = End.connect(APPS);
                    apps.add(app);
                    served += isServed(app) ? 1 : 0;
                } catch (SocketException e) {
                    // It was reset before it could be used.
                }
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
        hop.awaitClosed("no-slot", FLOOD - capacity);
        try (End app = End.connect(APPS)) {
            assertThat(isServed(app)).isTrue();
        }
        assertThat(hop.awaitMessage("limits.flows is lowered"))
                .contains("from 8000 to " + (int) capacity, "LimitNOFILE=");
    }
}
