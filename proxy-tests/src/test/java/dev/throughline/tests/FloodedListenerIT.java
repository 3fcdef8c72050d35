package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One user fills the kernel's queue of a listener while the hop accepts no connections. */
@NeedsNamespaces
@NeedsPrograms({"setpriv", "/usr/bin/python3"})
@Timeout(180)
class FloodedListenerIT {
    private static final int FLOODER = 60_001;
    private static final int OTHER_USER = 60_002;
    private static final int CONNECTIONS = 1000;

    private static final String CONNECTING = """
            import select, socket, sys, time
            def connecting(address, port):
                s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
                s.setblocking(False)
                s.connect_ex((address, port))
                return s
            def await_connected(sockets, count):
                poll = select.poll()
                for s in sockets:
                    poll.register(s, select.POLLOUT)
                connected = 0
                while connected < count:
                    for fd, events in poll.poll():
                        connected += events == select.POLLOUT
                        poll.unregister(fd)
            """;

    @TempDir
    static Path folder;

    private static OneHost scene;
    private static Process server;

    @BeforeAll
    static void build() throws IOException {
        scene = OneHost.bare(folder);
        server = scene.web().command(Program.test(DisturbanceServer.class)).start();
        scene.hops().keys("hop-a");
    }

    @AfterAll
    static void end() throws IOException {
        server.destroyForcibly();
        scene.close();
    }

    @AfterEach
    void stop() throws IOException {
        scene.a().process().close();
        scene.host().run("nft", "flush", "ruleset");
    }

    @ParameterizedTest
    @CsvSource({
        "tproxy, 10.91.9.2, 8000",
        "tproxy, fd91:9::2, 8000",
        "redirect, 10.91.9.2, 8000",
        "redirect, fd91:9::2, 8000",
        "plain, 127.0.0.1, 15020",
        "plain, ::1, 15020"
    })
    @Tag("attack")
    void anotherUsersConnectionDoesNotWaitBehindThem(String by, String address, int port) throws Exception {
        String interception = by.equals("plain") ? "tproxy" : by;
        scene.hops().configure("hop-a", """
                mark: 0x7101
                listeners:
                  - { name: apps, mode: transparent, by: %s, port: 15001, capture: { ports: [8000] } }
                  - { name: four, mode: transparent, by: plain, address: "127.0.0.1:15020", destination: "10.91.9.2:8000" }
                  - { name: six, mode: transparent, by: plain, address: "[::1]:15020", destination: "[fd91:9::2]:8000" }
                route: { to: destination }
                """.formatted(interception));
        scene.hops().start("hop-a");
        RunningHop hop = scene.a();

        signal("-STOP", hop);
        Process flooder;
        Process other;
        try {
            flooder = python(scene.host(), FLOODER, """
                    sockets = [connecting('%s', %d) for _ in range(%d)]
                    await_connected(sockets, len(sockets))
                    print('full', flush=True)
                    sys.stdin.read()
                    """.formatted(address, port, CONNECTIONS));
            assertThat(flooder.inputReader().readLine()).isEqualTo("full");
            other = python(scene.host(), OTHER_USER, """
                    s = connecting('%s', %d)
                    await_connected([s], 1)
                    print('connected', flush=True)
                    s.setblocking(True)
                    s.send(b'hello')
                    print(s.recv(5).decode(), flush=True)
                    """.formatted(address, port));
            assertThat(other.inputReader().readLine()).isEqualTo("connected");
        } finally {
            signal("-CONT", hop);
        }
        assertThat(other.inputReader().readLine()).isEqualTo("hello");
        JsonTree closed =
                hop.closed(line -> line.object("originator").text("uid").equals(Integer.toString(OTHER_USER)));
        assertThat(closed.text("reason")).isEqualTo("completed");
        assertThat(Integer.parseInt(closed.text("number")))
                .as("its number among all flows, although it connected last")
                .isLessThan(CONNECTIONS / 5);
        flooder.destroyForcibly();
    }

    private static Process python(Namespace host, int uid, String program) throws IOException {
        String id = Integer.toString(uid);
        return host.command(List.of(
                        "setpriv",
                        "--reuid",
                        id,
                        "--regid",
                        id,
                        "--clear-groups",
                        "/usr/bin/python3",
                        "-c",
                        CONNECTING + program))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static void signal(String name, RunningHop hop) throws Exception {
        assertThat(new ProcessBuilder("kill", name, Long.toString(hop.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }
}
