package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop that is started in ways that aren't systemd's. */
@NeedsPrograms("nohup")
@Timeout(60)
class StartIT {
    private static final Loopback NET = Loopback.own();

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

    /** A folder that isn't there will do as little as one that is mounted noexec. */
    @Test
    void startsWithoutATemporaryFolder() throws IOException {
        RunningHop hop = hops.start(
                "hop-a",
                List.of(),
                process -> process.environment()
                        .put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + folder.resolve("missing")));
        assertThat(hop.awaitMessage("native library is unpacked to")).contains("missing: no such folder");
    }

    @Test
    void saysInOneSentenceThatNoFolderWillDo() throws Exception {
        ProcessBuilder command = Host.THIS.command(
                Program.throughline("run", "-c", hops.config("hop-a").toString()));
        command.environment().put("JAVA_TOOL_OPTIONS", "-Dio.netty.native.workdir=" + folder.resolve("missing"));
        Process failed = command.redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("messages").toFile())
                .start();
        assertThat(failed.waitFor()).isEqualTo(1);
        List<String> said = Files.readAllLines(folder.resolve("messages")).stream()
                .filter(line -> !line.contains(" INFO ") && !line.startsWith("Picked up"))
                .toList();
        assertThat(said).singleElement().asString().contains("can't start").contains("io.netty.native.workdir=FOLDER");
    }
}
