package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A first hop with slots for all flows, and second hops with ten slots each. All connections to these come from one
 * process, the first hop. This JVM is an application that wants all slots, and a shell one that wants one.
 */
@Timeout(180)
class FairShareIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress TO_BUSY = NET.at(1, 17001);
    private static final InetSocketAddress TO_IDLE = NET.at(1, 17002);
    private static final InetSocketAddress BUSY = NET.at(2, 17001);
    private static final InetSocketAddress IDLE = NET.at(3, 17001);

    @TempDir
    static Path folder;

    private static Destination destination;
    private static Hops hops;
    private final List<End> open = new ArrayList<>();
    private final List<Process> shells = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("to-busy", "to-idle", "busy", "idle");
        first("to-busy", TO_BUSY, "busy", BUSY);
        first("to-idle", TO_IDLE, "idle", IDLE);
        second("busy", BUSY, "budget: { reserve: 20%, soft: 90%, low: 60%, idle-floor: 1h }");
        second("idle", IDLE, "budget: { reserve: 20%, soft: 80%, low: 60%, idle-floor: 1s }");
        hops.start("to-busy", "to-idle", "busy", "idle");
    }

    private static void first(String name, InetSocketAddress front, String next, InetSocketAddress at)
            throws IOException {
        hops.configure(name, """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: %s, at: "%s" }
                """.formatted(Tuple.text(front), Tuple.text(destination.address()), next, Tuple.text(at)));
    }

    private static void second(String name, InetSocketAddress at, String budget) throws IOException {
        hops.configure(name, """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { flows: 10 }
                classes: { default: { wait: 200ms } }
                %s
                """.formatted(Tuple.text(at), budget));
    }

    @AfterEach
    void close() throws IOException {
        for (End end : open) {
            end.close();
        }
        shells.forEach(Process::destroyForcibly);
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
    }

    /** The open connections of this JVM, with both ends. */
    private List<End> greedy(int count, InetSocketAddress front) throws IOException {
        List<End> connected = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            connected.add(End.connect(front));
            open.add(connected.getLast());
            End there = destination.accept();
            open.add(there);
            there.send("x");
            assertThat(connected.getLast().receiveText(1)).isEqualTo("x");
        }
        return connected;
    }

    /** Asserts that a shell connects and gets a byte from the destination. */
    private String modest(InetSocketAddress front) throws IOException {
        Process shell = new ProcessBuilder(
                        "/bin/bash",
                        "-c",
                        "exec 3<>/dev/tcp/%s/%d && read -r -n 1 letter <&3 && echo $letter"
                                .formatted(front.getAddress().getHostAddress(), front.getPort()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (End there = destination.accept()) {
            there.send("y");
            return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } finally {
            shell.destroyForcibly();
        }
    }

    /** Asserts that a copy of the shell, another program for the hop, connects and gets a byte from the destination. */
    private void copy(String name, InetSocketAddress front) throws IOException {
        Path program = Files.copy(Path.of("/bin/bash"), folder.resolve(name));
        Process shell = new ProcessBuilder(
                        program.toString(),
                        "-c",
                        "exec 3<>/dev/tcp/%s/%d && read -r -n 1 letter <&3 && echo $letter && read -r never"
                                .formatted(front.getAddress().getHostAddress(), front.getPort()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        shells.add(shell);
        End there = destination.accept();
        open.add(there);
        there.send("y");
        assertThat(shell.inputReader().readLine()).isEqualTo("y");
    }

    private static List<JsonTree> ended(String hop, String reason) {
        return hops.get(hop).process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close")
                        && line.text("reason").equals(reason))
                .toList();
    }

    private static int pid(JsonTree flow) {
        return Integer.parseInt(flow.object("originator").text("pid"));
    }

    /** No flow may be closed: the other application uses the reserve, although the same hop connects for both. */
    @Test
    void aLargeUserCannotUseTheReserve() throws IOException {
        greedy(8, TO_BUSY);
        int own = (int) ProcessHandle.current().pid();

        try (End refused = End.connect(TO_BUSY)) {
            assertThat(refused.isReset()).isTrue();
        }
        JsonTree end = hops.get("busy").closed(line -> line.text("reason").equals("no-slot"));
        assertThat(pid(end)).isEqualTo(own);
        assertThat(end.text("detail"))
                .isEqualTo("the rest of hop is reserved for others, and no slot became free while it waited");
        assertThat(modest(TO_BUSY)).isEqualTo("y");
        hops.get("busy").closed(line -> line.text("reason").equals("completed") && pid(line) != own);
        assertThat(ended("busy", "evicted")).isEmpty();
    }

    /** Active flows use eight slots and the two reserved ones. */
    @Test
    @Tag("attack")
    void aProgramWithoutFlowsGetsTheSlotOfTheNewestFlowOfTheLargest() throws IOException {
        List<End> greedy = greedy(8, TO_BUSY);
        copy("first", TO_BUSY);
        copy("second", TO_BUSY);

        copy("third", TO_BUSY);

        JsonTree preempted = hops.get("busy").closed(line -> line.text("reason").equals("preempted"));
        assertThat(preempted.object("originator").text("source"))
                .isEqualTo(Tuple.text(greedy.getLast().local()));
        assertThat(greedy.getLast().isReset()).isTrue();
        hops.get("busy")
                .awaitMetric("throughline_budget_evicted_total{reason=\"preempted\",transport=\"bsd-socket\"}", 1);
    }

    /** Its flows are closed as soon as they are idle, the longest idle first, on both sides. */
    @Test
    void idleFlowsAreEvictedForOthers() throws IOException {
        List<End> greedy = greedy(8, TO_IDLE);
        while (hops.get("idle").closedFor("evicted") == 0) {
            assertThat(modest(TO_IDLE)).isEqualTo("y");
        }

        assertThat(greedy.getFirst().isReset()).isTrue();
        String longestIdle = Tuple.text(greedy.getFirst().local());
        JsonTree evicted = hops.get("idle")
                .closed(line -> line.text("reason").equals("evicted")
                        && line.object("originator").text("source").equals(longestIdle));
        assertThat(pid(evicted)).isEqualTo((int) ProcessHandle.current().pid());
        // Several flows are evicted at once, on several threads: their lines may be in another order.
        assertThat(ended("idle", "evicted"))
                .extracting(line -> line.object("originator").text("source"))
                .doesNotContain(Tuple.text(greedy.getLast().local()));
        assertThat(hops.get("idle")
                        .metric("throughline_budget_evicted_total{reason=\"idle\",transport=\"bsd-socket\"}"))
                .isGreaterThanOrEqualTo(1);
        for (String pool : List.of("hop", "bsd-socket")) {
            await().until(() -> hops.get("idle").metric("throughline_budget_in_use{pool=\"" + pool + "\"}") <= 7);
        }
    }
}
