package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop whose standard output or standard error is full, closed or not read: it serves flows, counts losses, and recovers. */
@NeedsPrograms({"prlimit", "mkfifo"})
@Timeout(180)
class OutputIT {
    private static final String LOST_LINES = "throughline_log_dropped_total";
    private static final String LOST_MESSAGES = "throughline_messages_dropped_total";
    private static final int PIPE_BYTES = 65_536;

    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress APPS = NET.at(1, 17001);

    @TempDir
    Path folder;

    private EchoServer destination;
    private Hops hops;

    @BeforeEach
    void start() throws IOException {
        destination = EchoServer.at(NET.at(9, 17009));
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: chain, mode: chain, by: plain, address: "%s" }
                route: { to: destination }
                limits: { drain: 1s }
                log: { open-lines: true }
                """.formatted(Tuple.text(APPS), Tuple.text(destination.address()), NET.text(1, 17002)));
    }

    @AfterEach
    void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private static void isServed() throws IOException {
        try (End app = End.connect(APPS)) {
            app.send("hello").finish();
            assertThat(app.restText()).isEqualTo("hello");
        }
    }

    private static void awaitAtLeast(RunningHop hop, String series, double count) {
        await(series).atMost(Duration.ofSeconds(20)).until(() -> hop.metric(series) >= count);
    }

    /** Asserts that all lines are complete JSON, except for at most one. */
    private static List<JsonTree> whole(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("{") && line.endsWith("}"))
                .map(JsonTree::parse)
                .toList();
    }

    @Test
    void aFileThatCanNotGrowLosesLinesAndRecoversByItself() throws IOException {
        Path log = folder.resolve("flows.jsonl");
        RunningHop hop = hops.start("hop-a", List.of(), process -> process.redirectOutput(log.toFile()));
        isServed();
        await().until(() -> Files.readAllLines(log).size() == 2);
        // A full file system can't be had without a mount; write(2) is cut short in the same way at the largest size.
        limitFile(hop, Long.toString(Files.size(log) + 100));
        isServed();
        awaitAtLeast(hop, LOST_LINES, 2);
        hop.awaitMessage("flow log: losing lines");

        limitFile(hop, "unlimited");
        isServed();
        hop.awaitMessage("flow log: standard output is writable again, lines lost: 2");
        List<String> lines = Files.readAllLines(log);
        assertThat(lines).hasSize(5);
        assertThat(lines.get(2)).hasSize(100);
        assertThat(whole(lines)).hasSize(4);
        hop.awaitMetric(LOST_LINES, 2);
        assertThat(hop.process().messages().stream().filter(line -> line.contains("flow log:")))
                .hasSize(2);
    }

    private static void limitFile(RunningHop hop, String bytes) throws IOException {
        Host.THIS.run(List.of("prlimit", "--pid", Long.toString(hop.pid()), "--fsize=" + bytes + ":unlimited"));
    }

    @Test
    void aReaderThatLeavesAfterTheFirstLineIsNoReasonToStop() throws Exception {
        Path fifo = fifo("flows");
        RandomAccessFile reader = new RandomAccessFile(fifo.toFile(), "rw");
        RunningHop hop = hops.start("hop-a", List.of(), process -> process.redirectOutput(fifo.toFile()));
        isServed();
        assertThat(reader.readLine()).contains("flow.open");
        reader.close();
        // The reader may have got the second line of the first flow before it ended.
        isServed();
        isServed();
        awaitAtLeast(hop, LOST_LINES, 4);
        assertThat(hop.awaitMessage("flow log: losing lines")).contains("Broken pipe");
        hop.terminate();
        assertThat(hop.exitCode()).isZero();
    }

    @Tag("attack")
    @Test
    void aReaderOfTheFlowLogThatStopsReadingBlocksNoFlow() throws Exception {
        Path fifo = fifo("flows");
        try (RandomAccessFile pipe = new RandomAccessFile(fifo.toFile(), "rw")) {
            fill(pipe);
            RunningHop hop = hops.start("hop-a", List.of(), process -> process.redirectOutput(fifo.toFile()));
            isServed();
            hop.awaitMetric("throughline_flows_opened_total", 1);
            hop.terminate();
            assertThat(hop.exitCode()).isZero();
            hop.awaitMessage("2 lines were still queued at the end");
        }
    }

    @Test
    void aReaderOfMessagesThatStopsReadingHoldsUpNothing() throws Exception {
        Path fifo = fifo("messages");
        try (RandomAccessFile pipe = new RandomAccessFile(fifo.toFile(), "rw")) {
            fill(pipe);
            RunningHop hop = hops.start("hop-a", List.of(), process -> process.redirectError(fifo.toFile()));
            loseMessages(hop);
            isServed();
            assertThat(hop.get("/-/healthy")).isNotEmpty();
            hop.terminate();
            assertThat(hop.exitCode()).isZero();
        }
    }

    @Test
    void messagesComeAgainWhenTheirReaderReads() throws Exception {
        Path fifo = fifo("messages");
        try (RandomAccessFile pipe = new RandomAccessFile(fifo.toFile(), "rw")) {
            fill(pipe);
            RunningHop hop = hops.start("hop-a", List.of(), process -> process.redirectError(fifo.toFile()));
            loseMessages(hop);
            pipe.readFully(new byte[PIPE_BYTES]);
            try (BufferedReader reader = Files.newBufferedReader(fifo)) {
                Optional<String> said = reader.lines()
                        .filter(line -> line.contains("standard error is writable again"))
                        .findFirst();
                assertThat(said).isPresent();
            }
        }
    }

    /** A reload that is refused logs everything that is wrong, until a megabyte waits and no more is kept. */
    private void loseMessages(RunningHop hop) throws IOException {
        Files.writeString(folder.resolve("trust"), "no key\n".repeat(2_000));
        while (hop.metric(LOST_MESSAGES) == 0) {
            assertThat(hop.ask("POST", "/-/reload")).isNotEmpty();
        }
    }

    private Path fifo(String name) throws IOException {
        Path fifo = folder.resolve(name);
        Host.THIS.run(List.of("mkfifo", fifo.toString()));
        return fifo;
    }

    private static void fill(RandomAccessFile pipe) throws IOException {
        pipe.write(new byte[PIPE_BYTES]);
    }

    /** With the options of the launcher, which prevent it. */
    @Tag("attack")
    @Test
    void aThreadDumpDoesNotGoIntoTheFlowLog() throws Exception {
        Path log = folder.resolve("flows.jsonl");
        RunningHop hop = hops.start("hop-a", List.of(), process -> {
            process.command(
                    Program.checkout().resolve("throughline").toString(),
                    "run",
                    "-c",
                    hops.config("hop-a").toString());
            process.environment().put("THROUGHLINE_BUILD", "never");
            process.redirectOutput(log.toFile());
        });
        Host.THIS.run(List.of("kill", "-QUIT", Long.toString(hop.pid())));
        hop.awaitMessage("Full thread dump");
        isServed();
        await().until(() -> Files.readAllLines(log).size() >= 2);
        List<String> lines = Files.readAllLines(log);
        assertThat(whole(lines)).hasSize(lines.size());
    }
}
