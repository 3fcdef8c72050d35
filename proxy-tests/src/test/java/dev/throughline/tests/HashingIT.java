package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A policy that allows programs by their hash, while another user's programs are large. */
@Timeout(180)
class HashingIT {
    private static final String ATTACKER = "65534";
    private static final String VICTIM = "2001";
    private static final int PROGRAMS = 4;
    private static final long GIB = 1L << 30;

    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);

    @TempDir
    private Path folder;

    /** A program of its own, which wasn't hashed yet. */
    private Path program(String name, long bytes) throws IOException {
        Path copy = Files.copy(Path.of("/bin/bash").toRealPath(), folder.resolve(name));
        try (RandomAccessFile file = new RandomAccessFile(copy.toFile(), "rw")) {
            file.seek(file.length());
            file.write(name.getBytes(StandardCharsets.UTF_8));
            file.setLength(Math.max(file.length(), bytes));
        }
        assertThat(copy.toFile().setExecutable(true, false)).isTrue();
        return copy;
    }

    /** Runs a program that connects, and prints what it gets back. */
    private static Process run(String uid, Path program) throws IOException {
        String script = "exec 3<>/dev/tcp/%s/%d; echo hello >&3; read -r -t 20 answer <&3; echo \"$answer\""
                .formatted(FRONT.getAddress().getHostAddress(), FRONT.getPort());
        return new ProcessBuilder(
                        "setpriv",
                        "--reuid=" + uid,
                        "--regid=" + uid,
                        "--clear-groups",
                        program.toString(),
                        "-c",
                        script)
                .redirectErrorStream(true)
                .start();
    }

    private static String output(Process process) {
        return process.inputReader(StandardCharsets.UTF_8).lines().collect(Collectors.joining("\n"));
    }

    @Test
    @Tag("attack")
    void sparseProgramsDoNotPreventHashesOfOtherUsersPrograms() throws Exception {
        assumeTrue(BestEvidence.HERE.equals("kernel-connect"), "the kernel's notes can't be had here");
        assertThat(folder.toFile().setExecutable(true, false)).isTrue();
        List<Path> programs = new ArrayList<>();
        for (int i = 0; i < PROGRAMS; i++) {
            programs.add(program("small-" + i, 0));
        }
        List<Path> flood = new ArrayList<>();
        for (int i = 0; i < AttackSize.of(20, 40); i++) {
            flood.add(program("large-" + i, GIB));
        }
        String hashes = programs.stream().map(HashingIT::sha256).collect(Collectors.joining(", "));

        try (EchoServer destination = EchoServer.at(NET.at(9, 17009));
                Hops hops = new Hops(folder, Host.THIS).keys("hop-a")) {
            hops.configure("hop-a", """
                    listeners:
                      - { name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }
                    route: { to: destination }
                    policy:
                      - { name: known, when: { sha256: [%s] }, then: allow }
                      - { name: rest, then: deny }
                    """.formatted(Tuple.text(FRONT), Tuple.text(destination.address()), hashes));
            hops.start("hop-a");
            List<Process> attackers = new ArrayList<>();
            for (Path large : flood) {
                attackers.add(run(ATTACKER, large));
            }
            await().until(() -> hops.get("hop-a").metric("throughline_identify_hashes_refused_total") > 0);

            for (Path small : programs) {
                assertThat(output(run(VICTIM, small))).isEqualTo("hello");
            }

            await().until(() -> flowsOf(VICTIM, hops.get("hop-a")).size() == PROGRAMS);
            assertThat(flowsOf(VICTIM, hops.get("hop-a")))
                    .allSatisfy(flow -> assertThat(flow.text("reason")).isEqualTo("completed"));
            attackers.forEach(HashingIT::output);
        }
    }

    private static List<JsonTree> flowsOf(String uid, RunningHop hop) {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close")
                        && line.object("originator").text("uid").equals(uid))
                .toList();
    }

    private static String sha256(Path program) {
        try {
            return Payload.sha256(program);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
