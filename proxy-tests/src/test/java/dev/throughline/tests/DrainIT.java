package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The ways in which a hop stops. */
@Timeout(180)
class DrainIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);

    @TempDir
    Path folder;

    private Destination destination;
    private Hops hops;

    @BeforeEach
    void destination() throws IOException {
        destination = Destination.at(NET.address(9));
    }

    @AfterEach
    void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private RunningHop start(String drain) throws IOException {
        hops = new Hops(folder, Host.THIS).keys("one").configure("one", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: destination }
                limits: { drain: %s }
                """.formatted(
                        Tuple.text(FRONT), Tuple.text(destination.address()), drain));
        return hops.start("one").get("one");
    }

    private static void awaitDraining(RunningHop hop) {
        await().until(() -> hop.process().messages().stream().anyMatch(line -> line.contains("draining")));
        await().until(() -> hop.get("/-/ready"), page -> page.contains("draining"));
    }

    @Test
    void openFlowsFinishAndNoNewOnesBegin() throws Exception {
        RunningHop hop = start("30s");
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("before");
            assertThat(server.receiveText(6)).isEqualTo("before");
            hop.terminate();
            awaitDraining(hop);
            assertThatThrownBy(() -> End.connect(FRONT)).isInstanceOf(ConnectException.class);
            app.send("after").finish();
            assertThat(server.restText()).isEqualTo("after");
            server.send("all").close();
            assertThat(app.restText()).isEqualTo("all");
            assertThat(hop.closedFrom(app).text("reason")).isEqualTo("completed");
        }
        assertThat(hop.exitCode()).isZero();
        assertThat(folder.resolve("one.sock")).doesNotExist();
        assertThat(Files.exists(folder.resolve("one.pid"))).isFalse();
    }

    @Test
    void theDeadlineEndsWhatIsLeft() throws Exception {
        RunningHop hop = start("500ms");
        assertThat(endOf(hop, 1).text("reason")).isEqualTo("drain-deadline");
    }

    @Test
    void theSecondSignalEndsWhatIsLeftAtOnce() throws Exception {
        RunningHop hop = start("10m");
        assertThat(endOf(hop, 2).text("reason")).isEqualTo("stopped");
    }

    /** The end of a flow that would never finish by itself, in a hop that gets a number of signals. */
    private JsonTree endOf(RunningHop hop, int signals) throws Exception {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("x");
            server.receive(1);
            hop.terminate();
            if (signals > 1) {
                awaitDraining(hop);
                hop.terminate();
            }
            assertThat(app.isReset()).isTrue();
            assertThat(server.isReset()).isTrue();
            assertThat(hop.exitCode()).isZero();
            return hop.closedFrom(app);
        }
    }
}
