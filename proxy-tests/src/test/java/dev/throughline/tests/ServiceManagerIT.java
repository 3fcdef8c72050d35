package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hop of a unit with {@code Type=notify} and {@code WatchdogSec}. */
@Timeout(180)
class ServiceManagerIT {
    private static final Loopback NET = Loopback.own();

    @Test
    void aHopNotifiesItsServiceManagerWhenItListensAndWhileItsThreadsRun(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("notify");
        Process manager = new ProcessBuilder("python3", "-c", """
                import socket
                s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                s.bind("%s")
                print("listening", flush=True)
                while True: print(s.recv(100).decode(), flush=True)
                """.formatted(socket))
                .redirectErrorStream(true)
                .start();
        try (BufferedReader states = manager.inputReader(StandardCharsets.UTF_8);
                Hops hops = new Hops(folder, Host.THIS).keys("hop-a")) {
            assertThat(states.readLine()).isEqualTo("listening");
            hops.configure("hop-a", """
                    listeners:
                      - { name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }
                    route: { to: destination }
                    """.formatted(Tuple.text(NET.at(1, 17001)), Tuple.text(NET.at(9, 17009))));
            hops.start("hop-a", List.of(), process -> process.environment().put("NOTIFY_SOCKET", socket.toString()));

            List<String> said = new ArrayList<>();
            while (!said.contains("READY=1")
                    || said.stream().filter("WATCHDOG=1"::equals).count() < 3) {
                said.add(states.readLine());
            }
            hops.get("hop-a").process().process().destroy();
            while (!said.contains("STOPPING=1")) {
                said.add(states.readLine());
            }
            assertThat(said).containsOnly("READY=1", "WATCHDOG=1", "STOPPING=1");
        } finally {
            manager.destroyForcibly();
        }
    }
}
