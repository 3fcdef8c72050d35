package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two processes connect one after the other from the same port, while the hop can't accept. */
@NeedsPrograms("/usr/bin/python3")
@Timeout(180)
class ReusedPortIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);
    private static final int PORT = 23457;

    @TempDir
    Path folder;

    @Test
    @Tag("attack")
    void aResetConnectionIsNotIdentifiedAsTheNextOneWithItsAddresses() throws Exception {
        try (Destination destination = Destination.at(NET.address(9));
                Hops hops = new Hops(folder, Host.THIS).keys("hop-a")) {
            hops.configure("hop-a", """
                    listeners:
                      - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                    route: { to: destination }
                    """.formatted(Tuple.text(FRONT), Tuple.text(destination.address())));
            hops.start("hop-a");
            RunningHop hop = hops.get("hop-a");

            Process victim = python("""
                    import sys
                    first = connected(0)
                    print('is known', first.recv(1), flush=True)
                    first.close()
                    sys.stdin.readline()
                    second = connected(%d)
                    second.send(b'y')
                    print('connected', flush=True)
                    sys.stdin.read()
                    """.formatted(PORT));
            try (End there = destination.accept()) {
                there.send("z");
                assertThat(victim.inputReader().readLine()).isEqualTo("is known b'z'");
            }
            hop.closed(line -> line.text("reason").equals("completed"));

            signal("-STOP", hop);
            try {
                Process attacker = python("""
                        s = connected(%d)
                        s.send(b'x')
                        s.setsockopt(1, 13, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
                        s.close()
                        """.formatted(PORT));
                assertThat(attacker.waitFor()).isZero();
                victim.outputWriter().append('\n').flush();
                assertThat(victim.inputReader().readLine()).isEqualTo("connected");
            } finally {
                signal("-CONT", hop);
            }
            try (End there = destination.accept()) {
                assertThat(there.receiveText(1)).isEqualTo("y");
                there.finish();
                victim.getOutputStream().close();
                JsonTree reset = hop.closed(line -> line.text("reason").equals("inbound-reset"));
                assertThat(reset.toJson()).doesNotContainPattern("\"pid\" ?: ?" + victim.pid() + "\\b");
                JsonTree served = hop.closed(line -> line.text("reason").equals("completed")
                        && line.object("originator").text("source").endsWith(":" + PORT));
                assertThat(served.object("originator").text("pid")).isEqualTo(Long.toString(victim.pid()));
            } finally {
                victim.destroyForcibly();
            }
        }
    }

    private static Process python(String program) throws IOException {
        String connected = """
                import socket
                def connected(port):
                    s = socket.socket()
                    s.setsockopt(1, 2, 1)
                    s.bind(('%s', port))
                    s.connect(('%s', %d))
                    return s
                """.formatted(
                        NET.address(5).getHostAddress(), FRONT.getAddress().getHostAddress(), FRONT.getPort());
        return new ProcessBuilder("/usr/bin/python3", "-c", connected + program)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static void signal(String which, RunningHop hop) throws Exception {
        assertThat(new ProcessBuilder("kill", which, Long.toString(hop.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }
}
