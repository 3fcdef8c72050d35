package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The use of the kernel's records by a running hop: in its policy, and if the kernel refuses parts of tracing. */
@NeedsPrograms({"setpriv", "bash"})
@Timeout(180)
class IdentityIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTracing() {
        assumeTrue(BestEvidence.HERE.equals("kernel-connect"), "the kernel's notes can't be had here");
    }

    /** Echoes each line. */
    private static void serve(ServerSocket destination) {
        while (!destination.isClosed()) {
            try {
                Socket connection = destination.accept();
                Thread.ofVirtual().start(() -> {
                    try (connection) {
                        connection.getInputStream().transferTo(connection.getOutputStream());
                    } catch (IOException reset) {
                        // Its process is gone.
                    }
                });
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static String front(ServerSocket destination) {
        return """
                listeners:
                  - { name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: destination }
                """.formatted(Tuple.text(FRONT), Tuple.text((InetSocketAddress) destination.getLocalSocketAddress()));
    }

    /** Returns whether bash, run by {@code wrapper}, gets its line back. */
    private static boolean isServed(List<String> wrapper) throws Exception {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(
                "/bin/bash",
                "-c",
                "exec 3<>/dev/tcp/%s/%d && echo hello >&3 && read -r answer <&3 && echo $answer"
                        .formatted(FRONT.getAddress().getHostAddress(), FRONT.getPort())));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said.strip().equals("hello");
    }

    /** Without CAP_PERFMON, process and user are still recorded. */
    @Test
    void notesAreTakenWithoutWhatTheKernelRefuses() throws Exception {
        List<String> weaker = List.of("setpriv", "--bounding-set=-perfmon,-sys_admin");
        Host host = command -> {
            List<String> all = new ArrayList<>(weaker);
            all.addAll(command);
            return new ProcessBuilder(all);
        };
        try (ServerSocket destination = new ServerSocket(0, 50, NET.address(9));
                Hops hops = new Hops(folder, host).keys("hop-a")) {
            Thread.ofVirtual().start(() -> serve(destination));
            hops.configure("hop-a", front(destination));
            hops.start("hop-a");

            assertThat(isServed(List.of())).isTrue();

            RunningHop hop = hops.get("hop-a");
            JsonTree who = hop.closed(_ -> true).object("originator");
            assertThat(who.text("evidence")).isEqualTo("kernel-connect");
            assertThat(who.has("pid")).isTrue();
            assertThat(who.text("uid"))
                    .isEqualTo(Files.getAttribute(Path.of("/proc/self"), "unix:uid")
                            .toString());
            assertThat(who.has("exe")).as("what isn't certain is left out").isFalse();
            assertThat(hop.metric("throughline_identify_evidence{level=\"kernel-connect\"}"))
                    .isEqualTo(1);
            Process doctor = host.command(Program.throughline("doctor")).start();
            String said = new String(doctor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(said)
                    .contains(
                            "process identification by kernel-connect: every process that connects, without its executable")
                    .contains("the start of the process and its executable is not recorded: bpf(PROG_LOAD)")
                    .contains("run the hop with CAP_PERFMON")
                    .doesNotContain("CONFIG_CGROUP_BPF");
        }
    }

    /** The policy decides by the parent process and by the script. */
    @Test
    void aPolicyMatchesTheParentAndTheScript() throws Exception {
        Path parent = Files.copy(Path.of("/bin/bash"), folder.toRealPath().resolve("parent"));
        Path roots = Files.createTempDirectory(Path.of("/usr/local/lib"), "throughline-test-");
        try (ServerSocket destination = new ServerSocket(0, 50, NET.address(9));
                Hops hops = new Hops(folder, Host.THIS).keys("hop-a")) {
            Files.setPosixFilePermissions(roots, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path script = Files.writeString(roots.resolve("run"), "#!/bin/bash\neval \"$3\"\n");
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
            Thread.ofVirtual().start(() -> serve(destination));
            hops.configure("hop-a", front(destination) + """
                    policy:
                      - { name: children, when: { parent: "%s", parent-sha256: %s }, then: allow }
                      - { name: script, when: { script: "%s" }, then: allow }
                      - { name: rest, then: deny }
                    """.formatted(parent, Payload.sha256(parent), script));
            hops.start("hop-a");

            assertThat(isServed(List.of())).isFalse();
            assertThat(isServed(List.of(parent.toString(), "-c", "\"$@\"; true", "--")))
                    .isTrue();
            assertThat(isServed(List.of(script.toString()))).isTrue();
            assertThat(isServed(List.of("/bin/bash", script.toString()))).isFalse();

            JsonTree ofScript = hops.get("hop-a")
                    .closed(flow -> flow.object("policy").text("rule").equals("script"))
                    .object("originator");
            assertThat(ofScript.text("script")).isEqualTo(script.toString());
            JsonTree ofChild = hops.get("hop-a")
                    .closed(flow -> flow.object("policy").text("rule").equals("children"))
                    .object("originator");
            assertThat(ofChild.text("parent_exe")).isEqualTo(parent.toString());
            assertThat(ofChild.text("parent_sha256")).isEqualTo(Payload.sha256(parent));
        } finally {
            Host.THIS.run(List.of("rm", "-r", roots.toString()));
        }
    }
}
