package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop that is started without systemd. */
@NeedsPrograms("nohup")
@Timeout(180)
class StartIT {
    private static final Loopback NET = Loopback.own();
    private static final Set<String> OTHER_FOLDERS =
            Set.of("RUNTIME_DIRECTORY", "CACHE_DIRECTORY", "STATE_DIRECTORY", "XDG_RUNTIME_DIR");

    @TempDir
    Path folder;

    private Hops hops;

    @BeforeEach
    void configure() throws IOException {
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure("hop-a", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(NET.text(1, 17001)));
    }

    @AfterEach
    void stop() {
        hops.close();
    }

    @Test
    void reloadsOnSighupUnderNohup() throws Exception {
        RunningHop hop = hops.start("hop-a", List.of("nohup"), process -> {});
        Host.THIS.run(List.of("kill", "-HUP", Long.toString(hop.pid())));
        hop.awaitMetric("throughline_reloads_total{result=\"applied\"}", 1);
        hop.terminate();
        assertThat(hop.exitCode()).isZero();
    }

    /** Otherwise the first flows after a restart would be slow. */
    @Test
    void warmsUpByFlowsThatNobodySees() throws IOException {
        RunningHop hop = hops.start(
                "hop-a",
                List.of(),
                process -> process.environment().put("JDK_JAVA_OPTIONS", "-Dthroughline.warm-up=20"));

        hop.awaitMessage("warmed up by 20 flows in");
        assertThat(hop.process().flowLog()).isEmpty();
        assertThat(hop.metric("throughline_flows_opened_total")).isZero();
        assertThat(hop.metric("throughline_signatures_total")).isZero();
        assertThat(hop.flows()).isEmpty();
    }

    @Test
    void startsWithoutATemporaryFolder() throws IOException {
        RunningHop hop = hops.start("hop-a", List.of(), process -> options(process, "java.io.tmpdir", missing()));
        assertThat(hop.awaitMessage("unpacked Netty's native library to")).contains("missing: no such directory");
    }

    @Test
    void saysInOneSentenceThatNoFolderWillDo() throws Exception {
        assertThat(fails(List.of(), "io.netty.native.workdir", missing())).contains("missing: no such directory");
    }

    @Test
    @NeedsNamespaces
    void startsWithATemporaryFolderThatIsMountedNoexec() throws IOException {
        Path folder = noexec();
        RunningHop hop = hops.start("hop-a", mounted(folder), process -> options(process, "java.io.tmpdir", folder));
        assertThat(hop.awaitMessage("unpacked Netty's native library to"))
                .contains(folder + ": not executable (mounted noexec?)");
        hop.awaitMetric("throughline_flows_open", 0);
    }

    @Test
    @NeedsNamespaces
    void saysInOneSentenceThatItsFolderIsMountedNoexec() throws Exception {
        Path folder = noexec();
        assertThat(fails(mounted(folder), "io.netty.native.workdir", folder))
                .contains(folder + ": not executable (mounted noexec?)");
    }

    @Test
    @NeedsNamespaces
    void saysInOneSentenceThatEveryFolderIsMountedNoexec() throws Exception {
        Path folder = noexec();
        Path[] all = {folder, Path.of("/dev/shm"), Path.of("/var/tmp"), Path.of("/run")};
        String said = fails(mounted(all), "java.io.tmpdir", folder);
        for (Path each : all) {
            assertThat(said).contains(each + ": not executable (mounted noexec?)");
        }
    }

    /** The kernel would let two programs of one user share a port, and give each a part of the connections. */
    @Test
    void saysThatAnotherHopListensThere() throws Exception {
        hops.keys("hop-b");
        hops.configure("hop-b", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(NET.text(1, 17001)));
        hops.start("hop-a");
        assertThat(fails("hop-b", List.of(), process -> {}))
                .contains("listener chain can't listen on %s: Address already in use".formatted(NET.text(1, 17001)));
    }

    private Path missing() {
        return folder.resolve("missing");
    }

    private Path noexec() throws IOException {
        return Files.createDirectory(folder.resolve("noexec"));
    }

    /** Returns the command prefix that runs a command with its own mounts. */
    private static List<String> mounted(Path... noexec) {
        String mounts = Stream.of(noexec)
                .map(folder -> "mount -t tmpfs -o noexec tmpfs " + folder + " && ")
                .collect(Collectors.joining());
        return List.of("unshare", "-m", "sh", "-c", mounts + "exec \"$@\"", "sh");
    }

    private static void options(ProcessBuilder process, String property, Path folder) {
        process.environment().put("JAVA_TOOL_OPTIONS", "-D" + property + "=" + folder);
        // Another directory that the program tries.
        process.environment().keySet().removeAll(OTHER_FOLDERS);
    }

    /** Runs a hop that can't start, and returns its messages. */
    private String fails(List<String> before, String property, Path workFolder) throws Exception {
        String said = fails("hop-a", before, process -> options(process, property, workFolder));
        assertThat(said).contains("io.netty.native.workdir=FOLDER");
        return said;
    }

    private String fails(String hop, List<String> before, Consumer<ProcessBuilder> options) throws Exception {
        List<String> command = new ArrayList<>(before);
        command.addAll(Program.throughline("run", "-c", hops.config(hop).toString()));
        ProcessBuilder process = Host.THIS.command(command);
        options.accept(process);
        Process failed = process.redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("messages").toFile())
                .start();
        assertThat(failed.waitFor()).isEqualTo(1);
        List<String> said = Files.readAllLines(folder.resolve("messages")).stream()
                .filter(line -> !line.contains(" INFO ")
                        && !line.contains(" is lowered from ")
                        && !line.startsWith("Picked up"))
                .toList();
        assertThat(said).singleElement().asString().contains("failed to start");
        return said.getFirst();
    }
}
