package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** A hop without tracing, which searches /proc, while one user holds more descriptors than a search covers. */
@Isolated("two million descriptors slow down searches of /proc by the hops of other tests")
@Timeout(180)
class SocketSearchIT {
    private static final String ATTACKER = "65534";
    private static final String VICTIM = "2001";
    private static final int FLOWS = 3;
    /** Twice the number of descriptors that a search covers before waiting flows are identified by user only. */
    private static final int DESCRIPTORS = 2_000_000;

    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);

    @TempDir
    private Path folder;

    private static ProcessBuilder as(String uid, String script) {
        return new ProcessBuilder(
                        "setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups", "/bin/bash", "-c", script)
                .redirectErrorStream(true);
    }

    /** Connects, prints what it gets back, and holds the connection until then. */
    private static String flow(String uid) throws IOException {
        Process process = as(uid, """
                exec 3<>/dev/tcp/%s/%d; echo hello >&3; read -r -t 20 answer <&3; echo "$answer"
                """.formatted(FRONT.getAddress().getHostAddress(), FRONT.getPort()))
                .start();
        return process.inputReader(StandardCharsets.UTF_8).lines().collect(Collectors.joining("\n"));
    }

    /** Processes that hold these descriptors. */
    private static Process descriptors() throws IOException {
        Process process = as(ATTACKER, """
                ulimit -n $(ulimit -Hn); exec python3 -c '
                import os, resource, time
                each = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100, 900000)
                left = %d
                while left > 0:
                    reader, writer = os.pipe()
                    if os.fork() == 0:
                        for i in range(min(left, each)): os.dup(0)
                        os.write(writer, b"1")
                        time.sleep(1000)
                    left -= each
                    os.read(reader, 1)
                    os.close(reader)
                    os.close(writer)
                print("ready", flush=True)
                time.sleep(1000)'
                """.formatted(DESCRIPTORS)).start();
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("ready");
        return process;
    }

    @Test
    @Tag("attack")
    void millionsOfDescriptorsOfOneUserDoNotPreventIdentificationOfOthers() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can be others");
        try (EchoServer destination = EchoServer.at(NET.at(9, 17009));
                Hops hops = new Hops(folder, Host.THIS).keys("hop-a")) {
            hops.configure("hop-a", """
                    listeners:
                      - { name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }
                    route: { to: destination }
                    limits: { connect-notes: 0 }
                    """.formatted(Tuple.text(FRONT), Tuple.text(destination.address())));
            hops.start("hop-a");
            Process holders = descriptors();
            try {
                for (int i = 0; i < FLOWS; i++) {
                    assertThat(flow(ATTACKER)).isEqualTo("hello");
                    assertThat(flow(VICTIM)).isEqualTo("hello");
                }
                await().until(() -> closed(hops.get("hop-a"), VICTIM).size() == FLOWS
                        && closed(hops.get("hop-a"), ATTACKER).size() == FLOWS);
            } finally {
                holders.descendants().forEach(ProcessHandle::destroyForcibly);
                holders.destroyForcibly();
            }

            assertThat(closed(hops.get("hop-a"), VICTIM))
                    .extracting(flow -> flow.object("originator").text("evidence"))
                    .containsOnly("socket-lookup");
            assertThat(closed(hops.get("hop-a"), ATTACKER))
                    .extracting(flow -> flow.object("originator").text("evidence"))
                    .containsOnly("uid-only");
        }
    }

    private static List<JsonTree> closed(RunningHop hop, String uid) {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close")
                        && line.object("originator").text("uid").equals(uid))
                .toList();
    }
}
