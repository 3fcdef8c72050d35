package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.hash.Hashing;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop with little memory. This JVM is the attacker, at both ends; a shell of another user transfers a file. */
@Tag("attack")
@NeedsPrograms("setpriv")
@Timeout(180)
class HeldMemoryIT {
    private static final int FLOWS = AttackSize.of(400, 5000);
    private static final int DIRECT_BYTES = AttackSize.of(16 << 20, 128 << 20);
    private static final int VICTIM = 65534;
    private static final byte[] FILE = Payload.bytes(20 << 20);

    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress APPS = NET.at(1, 17001);
    private static final InetSocketAddress FILES = NET.at(1, 17002);

    @TempDir
    Path folder;

    private final List<SocketChannel> flows = new ArrayList<>();
    private final Set<SocketChannel> reset = new HashSet<>();
    private final List<Socket> unread = Collections.synchronizedList(new ArrayList<>());
    private ServerSocket sink;
    private ServerSocket files;
    private Hops hops;
    private RunningHop hop;

    @BeforeEach
    void start() throws IOException {
        sink = new ServerSocket(17009, 4096, NET.address(9));
        sink.setReceiveBufferSize(64 << 10);
        files = new ServerSocket(17008, 64, NET.address(9));
        Thread.ofVirtual().start(this::acceptAndNeverRead);
        Thread.ofVirtual().start(this::serveFiles);
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure(
                "hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: files, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: destination }
                """.formatted(Tuple.text(APPS), NET.text(9, 17009), Tuple.text(FILES), NET.text(9, 17008)));
        hop = hops.start(
                "hop-a",
                List.of(),
                process ->
                        process.environment().put("JAVA_TOOL_OPTIONS", "-Dio.netty.maxDirectMemory=" + DIRECT_BYTES));
    }

    private void acceptAndNeverRead() {
        while (!sink.isClosed()) {
            try {
                unread.add(sink.accept());
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serveFiles() {
        while (!files.isClosed()) {
            try (Socket client = files.accept()) {
                client.getOutputStream().write(FILE);
            } catch (IOException e) {
                // The client was reset, which its hash shows, or the test is over.
            }
        }
    }

    @AfterEach
    void stop() throws IOException {
        closeFlows();
        hops.close();
        sink.close();
        files.close();
    }

    private void closeFlows() throws IOException {
        for (SocketChannel flow : flows) {
            flow.close();
        }
        for (Socket socket : List.copyOf(unread)) {
            socket.close();
        }
    }

    @Test
    void oneUsersUnreadFlowsUseTheMemoryOfAllOthers() throws Exception {
        double limit = hop.metric("throughline_buffers_limit_bytes");
        assertThat(limit).isEqualTo(DIRECT_BYTES / 2.0);
        for (int i = 0; i < FLOWS; i++) {
            SocketChannel flow = SocketChannel.open();
            flow.setOption(java.net.StandardSocketOptions.SO_SNDBUF, 64 << 10);
            flow.connect(APPS);
            flow.configureBlocking(false);
            flows.add(flow);
        }
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(1))
                .until(() -> {
                    flows.forEach(this::write);
                    return hop.closedFor("memory-pressure") > 0;
                });

        assertThat(shell()).isEqualTo(Hashing.sha256().hashBytes(FILE).toString());

        assertThat(hop.metric("throughline_buffers_used_bytes")).isLessThan(limit * 1.25);
        assertThat(hop.get("/-/ready"))
                .contains("not ready", "buffers are full: user " + attacker() + " on edge-1 holds");
        assertThat(hop.awaitMessage("buffers: flows are closed with memory-pressure"))
                .contains("user " + attacker() + " on edge-1 holds");
        hop.closed(line -> line.object("originator").text("uid").equals(Integer.toString(VICTIM)));
        List<JsonTree> ended = hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close"))
                .toList();
        assertThat(ended)
                .filteredOn(line -> line.text("reason").equals("memory-pressure"))
                .isNotEmpty()
                .allSatisfy(line ->
                        assertThat(line.object("originator").text("uid")).isEqualTo(attacker()));
        assertThat(ended)
                .filteredOn(line -> !line.text("reason").equals("memory-pressure"))
                .singleElement()
                .satisfies(line -> {
                    assertThat(line.object("originator").text("uid")).isEqualTo(Integer.toString(VICTIM));
                    assertThat(line.text("reason")).isEqualTo("completed");
                });
        areReset(ended.stream()
                .filter(line -> line.text("reason").equals("memory-pressure"))
                .toList());

        closeFlows();
        hop.awaitMetric("throughline_flows_open", 0);
        hop.awaitMetric("throughline_buffers_used_bytes", 0);
        hop.awaitReady();
    }

    private static String attacker() throws IOException {
        return java.nio.file.Files.getAttribute(Path.of("/proc/self"), "unix:uid")
                .toString();
    }

    private void write(SocketChannel flow) {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(64 << 10);
            while (flow.isOpen() && flow.write(bytes) > 0) {
                bytes.clear();
            }
        } catch (IOException e) {
            // The hop has reset it, which the kernel reports once.
            reset.add(flow);
        }
    }

    /** Asserts that the sender of each closed flow gets a reset, so that no truncated data looks complete. */
    private void areReset(List<JsonTree> closed) throws IOException {
        List<String> sources = closed.stream()
                .map(line -> line.object("arrival").text("source"))
                .toList();
        for (SocketChannel flow : flows) {
            if (flow.isConnected() && sources.contains(Tuple.text((InetSocketAddress) flow.getLocalAddress()))) {
                flow.configureBlocking(true);
                assertThat(reset.contains(flow) || new End(flow.socket()).isReset())
                        .isTrue();
            }
        }
    }

    /** The hash of what a shell of another user receives. */
    private static String shell() throws Exception {
        Process shell = new ProcessBuilder(
                        "setpriv",
                        "--reuid=" + VICTIM,
                        "--clear-groups",
                        "bash",
                        "-c",
                        "exec 3<>/dev/tcp/%s/%d && sha256sum <&3"
                                .formatted(FILES.getAddress().getHostAddress(), FILES.getPort()))
                .redirectErrorStream(true)
                .start();
        try {
            assertThat(shell.waitFor(30, TimeUnit.SECONDS)).isTrue();
            String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return said.substring(0, Math.min(64, said.length()));
        } finally {
            shell.destroyForcibly();
        }
    }
}
