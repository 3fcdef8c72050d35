package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands about a hop whose process is stopped. */
@Timeout(180)
class StoppedHopIT {
    private static final Loopback NET = Loopback.own();
    private static final int UNREACHABLE = 4;
    /** Five seconds, plus the start of several programs on a busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private Hops hops;

    @BeforeEach
    void start() throws IOException {
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure("hop-a", """
                listeners: [{ name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }]
                route: { to: destination }
                """.formatted(Tuple.text(NET.at(1, 17001)), Tuple.text(NET.at(9, 17009))));
        hops.start("hop-a");
    }

    @AfterEach
    void stop() throws Exception {
        signal("CONT");
        hops.close();
    }

    private void signal(String name) throws Exception {
        assertThat(new ProcessBuilder(
                                "kill",
                                "-" + name,
                                Long.toString(hops.get("hop-a").pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    @Tag("attack")
    @Test
    void everyCommandGivesUpWithAMessage() throws Exception {
        signal("STOP");
        String config = hops.config("hop-a").toString();
        Map<List<String>, Process> commands = new LinkedHashMap<>();
        for (List<String> command : List.of(
                List.of("flows", "list", "-c", config),
                List.of("flows", "top", "-c", config),
                List.of("reload", "-c", config),
                List.of("doctor", "-c", config))) {
            commands.put(
                    command,
                    new ProcessBuilder(Program.throughline(command.toArray(String[]::new)))
                            .redirectErrorStream(true)
                            .start());
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (Map.Entry<List<String>, Process> command : commands.entrySet()) {
            Process process = command.getValue();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(output)
                    .describedAs("%s", command.getKey())
                    .contains("hop-a.sock: no answer from the hop within 5 s: is its process stopped");
            if (!command.getKey().contains("doctor")) {
                assertThat(process.waitFor())
                        .describedAs("%s", command.getKey())
                        .isEqualTo(UNREACHABLE);
            }
        }
        assertThat(System.nanoTime()).isLessThan(end);
    }
}
