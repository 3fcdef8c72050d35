package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Five thousand processes that connect, send a byte and exit at once, of two users and with two names. The identity of each
 * is right or unknown.
 */
@Timeout(240)
class ShortLivedIT {
    private static final int PROCESSES = 5_000;
    /** A hop without tracing identifies almost none of them. */
    private static final int FEWER = 1_000;

    /** The number of processes that even a busy machine identifies in time. */
    private static final int AT_ONCE = 250;

    private static final Loopback NET = Loopback.own();

    @TempDir
    private Path folder;

    /** The facts about a process that the test started. */
    private record Started(String uid, String comm) {}

    @Test
    void theKernelsRecordsNameEachProcessAndItsExecutable() throws Exception {
        assumeTrue(BestEvidence.HERE.equals("kernel-connect"), "the kernel's notes can't be had here");
        Path bash = Path.of("/bin/bash").toRealPath();
        String sha256 = Payload.sha256(bash);

        Map<String, Started> started = new HashMap<>();
        List<JsonTree> named = named(originators(play("131072", "", PROCESSES, started)));

        assertThat(named).hasSize(PROCESSES).allSatisfy(who -> {
            assertThat(who.text("evidence")).isEqualTo("kernel-connect");
            assertThat(who.text("exe")).isEqualTo(bash.toString());
            assertThat(who.text("exe_sha256")).isEqualTo(sha256);
        });
        assertThat(rightlyNamed(named, started)).hasSize(PROCESSES);
    }

    @Test
    void withoutThemNoneIsNamedWrongly() throws Exception {
        Map<String, Started> started = new HashMap<>();
        List<JsonTree> flows = originators(play("0", "", FEWER, started));
        List<JsonTree> named = named(flows);

        assertThat(flows).hasSize(FEWER);
        rightlyNamed(named, started);
        System.out.printf("%d of %d short-lived processes were named without notes%n", named.size(), FEWER);
    }

    /** The pids, each once, whose user and name are those of the process that had it. */
    private static Set<String> rightlyNamed(List<JsonTree> named, Map<String, Started> started) {
        Set<String> pids = new HashSet<>();
        assertThat(named).allSatisfy(who -> {
            assertThat(new Started(who.text("uid"), who.text("comm"))).isEqualTo(started.get(who.text("pid")));
            assertThat(pids.add(who.text("pid")))
                    .as("twice: %s", who.text("pid"))
                    .isTrue();
        });
        return pids;
    }

    private static List<JsonTree> named(List<JsonTree> flows) {
        return flows.stream().filter(who -> who.has("pid")).toList();
    }

    /** A denied user can't bypass the rule by ending the process before it is identified. */
    @Tag("attack")
    @Test
    void withoutRecordsNoFlowBypassesADenyRule() throws Exception {
        List<JsonTree> ends = play("0", """
                policy:
                  - { name: no-nobody, when: { user: 65534 }, then: deny }
                  - { name: rest, then: allow }
                """, AT_ONCE, new HashMap<>());

        assertThat(ends).hasSize(AT_ONCE).allSatisfy(end -> {
            JsonTree who = end.object("originator");
            if (!who.has("uid") || who.text("uid").equals("65534")) {
                assertThat(end.text("reason")).isIn("policy-denied", "inbound-reset");
                assertThat(end.has("next")).isFalse();
            }
        });
        assertThat(ends)
                .filteredOn(end -> !end.object("originator").has("uid"))
                .filteredOn(end -> end.text("reason").equals("policy-denied"))
                .extracting(end -> end.text("detail"))
                .containsOnly("rule no-nobody may match: user is unknown");
    }

    private static List<JsonTree> originators(List<JsonTree> ends) {
        return ends.stream().map(line -> line.object("originator")).toList();
    }

    /** The ends of all flows of all processes. */
    private List<JsonTree> play(String notes, String policy, int count, Map<String, Started> started) throws Exception {
        InetSocketAddress front = NET.at(1, 17001);
        try (ServerSocket destination = new ServerSocket(0, 500, NET.address(9));
                Hops hops = new Hops(folder, Host.THIS).keys("hop-a")) {
            Thread.ofVirtual().start(() -> serve(destination));
            hops.configure("hop-a", """
                    listeners:
                      - { name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }
                    route: { to: destination }
                    limits: { connect-notes: %s }
                    %s""".formatted(
                            Tuple.text(front),
                            Tuple.text((InetSocketAddress) destination.getLocalSocketAddress()),
                            notes,
                            policy));
            hops.start("hop-a");
            RunningHop hop = hops.get("hop-a");
            for (int done = 0; done < count; done += AT_ONCE) {
                start(front, AT_ONCE, started);
                int all = done + AT_ONCE;
                await().atMost(Duration.ofMinutes(1))
                        .until(() -> hop.metric("throughline_flows_open") == 0
                                && closed(hop).size() == all);
            }
            assertThat(started).hasSize(count);
            return closed(hop);
        }
    }

    private static List<JsonTree> closed(RunningHop hop) {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close"))
                .toList();
    }

    private static void serve(ServerSocket destination) {
        while (!destination.isClosed()) {
            try {
                Socket connection = destination.accept();
                Thread.ofVirtual().start(() -> {
                    try (connection) {
                        connection.getInputStream().readAllBytes();
                    } catch (IOException reset) {
                        // Its process is gone.
                    }
                });
            } catch (IOException closed) {
                return;
            }
        }
    }

    /** Starts all processes, fifty at a time, and returns them. */
    private void start(InetSocketAddress front, int count, Map<String, Started> started) throws Exception {
        boolean twoUsers = Files.readString(Path.of("/proc/self/uid_map")).contains("4294967295")
                && Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        for (String name : List.of("alpha", "beta")) {
            if (Files.notExists(folder.resolve(name))) {
                Files.createSymbolicLink(folder.resolve(name), Path.of("/bin/bash"));
            }
        }
        String as = twoUsers ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : "";
        String script = """
                cd %s
                for ((i = 0; i < %d; i += 2)); do
                  ./alpha -c "exec 3<>/dev/tcp/%s/%d; printf x >&3" & echo "$! $UID alpha"
                  %s ./beta -c "exec 3<>/dev/tcp/%3$s/%4$d; printf x >&3" & echo "$! %s beta"
                  ((i %% 50)) || wait
                done
                wait
                """.formatted(
                folder, count, front.getAddress().getHostAddress(), front.getPort(), as, twoUsers ? "65534" : "$UID");
        folder.toFile().setExecutable(true, false);
        Process shell = new ProcessBuilder("/bin/bash", "-c", script)
                .redirectErrorStream(true)
                .start();
        for (String line : shell.inputReader(StandardCharsets.UTF_8).lines().toList()) {
            String[] words = line.split(" ", -1);
            assertThat(words).as(line).hasSize(3);
            started.put(words[0], new Started(words[1], words[2]));
        }
        assertThat(shell.waitFor()).isZero();
    }
}
