package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A hop with few descriptors, whose slots, waiting flows and unfinished headers are all in use. This JVM is the attacker; a shell of
 * another user and another previous hop must still be served.
 */
@Tag("attack")
@NeedsPrograms({"prlimit", "setpriv"})
@Timeout(180)
class HeldResourcesIT {
    private static final int DESCRIPTORS = AttackSize.of(512, 4096);
    private static final int STRANGER = 50;
    private static final int WELL_BEHAVED = 51;

    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress APPS = NET.at(1, 17001);
    private static final InetSocketAddress CHAIN = NET.at(2, 17001);
    private static final InetSocketAddress METRICS = NET.at(3, 17001);

    @TempDir
    Path folder;

    private EchoServer destination;
    private Hops hops;
    private RunningHop hop;
    private final List<End> held = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b");
        hops.configure("hop-b", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: chain, mode: chain, by: plain, address: "%s" }
                route: { to: destination }
                classes: { default: { wait: 1m } }
                limits: { header-timeout: 1m }
                """.formatted(Tuple.text(APPS), Tuple.text(destination.address()), Tuple.text(CHAIN)));
        java.nio.file.Files.writeString(
                hops.config("hop-b"),
                java.nio.file.Files.readString(hops.config("hop-b"))
                        .replace(
                                "pid-file: hop-b.pid",
                                "pid-file: hop-b.pid, metrics: \"" + Tuple.text(METRICS) + "\""));
        hop = hops.start("hop-b", List.of("prlimit", "--nofile=" + DESCRIPTORS + ":" + DESCRIPTORS), process -> {});
    }

    @AfterEach
    void stop() throws IOException {
        for (End end : held) {
            end.close();
        }
        hops.close();
        destination.close();
    }

    @Test
    void oneUsersHeldAndWaitingFlowsAndAStrangersUnfinishedHeadersTakeEveryDescriptor() throws Exception {
        takeEverySlot();
        takeEveryTurnToWait();
        takeEveryUnfinishedHeader();

        assertThat(shell()).isEqualTo("hello");
        try (End other = End.connect(new InetSocketAddress(NET.address(WELL_BEHAVED), 0), CHAIN)) {
            Tuple flow = Tuple.tcp(NET.at(7, 4711), destination.address());
            other.send(new PreviousHop(hops.key("hop-a"), "hop-b").header(flow, other))
                    .send("served")
                    .finish();
            assertThat(other.restText()).isEqualTo("served");
        }
        assertThat(overTcp("/-/ready")).contains("200 OK", "ready");
        assertThat(hop.get("/-/ready")).isEqualTo("ready\n");
        assertThat(hop.metric("throughline_accepts_refused_total")).isZero();
        for (String reason : List.of("no-descriptors", "too-many-flows", "start-failed", "internal-error")) {
            assertThat(hop.closedFor(reason)).as(reason).isZero();
        }
    }

    private void takeEverySlot() throws IOException {
        double slots = hop.metric("throughline_budget_capacity{pool=\"hop\"}");
        while (hop.metric("throughline_budget_waiting{pool=\"hop\",reason=\"reserved\"}") == 0) {
            assertThat(held.size()).isLessThan((int) slots);
            open(APPS);
            await().pollInterval(Duration.ofMillis(2)).until(() -> isSettled(held.size()));
        }
    }

    /** Each of its flows has a slot or waits. */
    private boolean isSettled(int flows) throws IOException {
        return hop.metric("throughline_budget_in_use{pool=\"hop\"}") + waiting() >= flows;
    }

    private double waiting() throws IOException {
        return hop.metric("throughline_budget_waiting{pool=\"hop\",reason=\"reserved\"}")
                + hop.metric("throughline_budget_waiting{pool=\"bsd-socket\",reason=\"reserved\"}");
    }

    /** Opens flows until as many were refused as can wait. */
    private void takeEveryTurnToWait() throws IOException {
        double most = hop.closedFor("no-slot");
        for (int i = 0; hop.closedFor("no-slot") < most + 20; i++) {
            assertThat(i).isLessThan(DESCRIPTORS);
            open(APPS);
            hop.get("/-/healthy");
        }
    }

    private void takeEveryUnfinishedHeader() throws IOException {
        byte[] partial = Arrays.copyOf(
                new PreviousHop(hops.key("hop-a"), "hop-b")
                        .header(
                                Tuple.tcp(NET.at(7, 7), destination.address()),
                                Tuple.tcp(NET.at(7, 7), CHAIN),
                                java.time.Instant.now()),
                20);
        InetSocketAddress stranger = new InetSocketAddress(NET.address(STRANGER), 0);
        for (int i = 0; hop.closedFor("header-budget") < 5; i++) {
            assertThat(i).isLessThan(DESCRIPTORS);
            try {
                held.add(End.connect(stranger, CHAIN).send(partial));
            } catch (SocketException e) {
                // It was refused before it could send.
                continue;
            }
            hop.get("/-/healthy");
        }
    }

    private void open(InetSocketAddress to) throws IOException {
        try {
            held.add(End.connect(to).send("x"));
        } catch (SocketException e) {
            // It was reset before it could be used.
            return;
        }
    }

    /** Returns the destination's answer to a shell of user 65534. */
    private static String shell() throws Exception {
        Process shell = new ProcessBuilder(
                        "setpriv",
                        "--reuid=65534",
                        "--clear-groups",
                        "bash",
                        "-c",
                        "exec 3<>/dev/tcp/%s/%d && echo hello >&3 && read -r line <&3 && echo $line"
                                .formatted(APPS.getAddress().getHostAddress(), APPS.getPort()))
                .redirectErrorStream(true)
                .start();
        try {
            assertThat(shell.waitFor(20, TimeUnit.SECONDS)).isTrue();
            return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } finally {
            shell.destroyForcibly();
        }
    }

    private static String overTcp(String path) throws IOException {
        try (End end = End.connect(METRICS)) {
            end.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            return end.restText();
        }
    }
}
