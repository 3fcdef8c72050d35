package dev.throughline.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class NamespaceTest {
    @BeforeAll
    static void namespacesCanBeHad() {
        Optional<String> reason = Namespace.unavailable();
        assumeTrue(reason.isEmpty(), () -> "skipped: " + reason.orElseThrow());
    }

    @Test
    void aHostBeginsWithLoAlone() throws IOException {
        try (Namespace host = Namespace.host("alone")) {
            assertThat(host.run("ip", "-o", "link", "show").lines())
                    .singleElement()
                    .asString()
                    .contains(" lo:")
                    .contains("UP");
        }
    }

    @Test
    void joinedHostsReachEachOtherInBothFamiliesAndOtherNetworksByTheirDefaultRoutes() throws IOException {
        try (Namespace left = Namespace.host("left")) {
            Namespace right = left.neighbour("right");
            left.join(right, "192.0.2.1/24", "192.0.2.2/24");
            left.join(right, "2001:db8::1/64", "2001:db8::2/64");
            right.run("ip", "address", "add", "198.51.100.1/32", "dev", "lo");
            right.run("ip", "address", "add", "2001:db8:1::1/128", "dev", "lo");
            left.run("ip", "-4", "route", "add", "default", "via", "192.0.2.2");
            left.run("ip", "-6", "route", "add", "default", "via", "2001:db8::2");

            assertThat(exchange(left, right, "198.51.100.1")).isEqualTo("hello");
            assertThat(exchange(left, right, "2001:db8:1::1")).isEqualTo("hello");
        }
    }

    @Test
    void aCommandIsTheProcessThatWasStarted() throws Exception {
        try (Namespace host = Namespace.host("one")) {
            Process command = host.command("sh", "-c", "trap 'exit 7' TERM; echo $$; while :; do sleep 0.05; done")
                    .start();
            assertThat(command.inputReader().readLine()).isEqualTo(Long.toString(command.pid()));
            command.destroy();
            assertThat(command.waitFor()).isEqualTo(7);

            Process deaf = host.command("sleep", "1000").start();
            deaf.destroyForcibly();
            assertThat(deaf.waitFor()).isEqualTo(128 + 9);
        }
    }

    @Test
    void aCommandKeepsItsWorkingDirectoryAndEnvironment(@TempDir Path folder) throws Exception {
        try (Namespace host = Namespace.host("kept")) {
            ProcessBuilder builder = host.command("sh", "-c", "echo \"$WORD in $(pwd -P)\"");
            builder.environment().put("WORD", "spoken");
            Process command = builder.directory(folder.toFile()).start();
            assertThat(command.inputReader().readLine()).isEqualTo("spoken in " + folder.toRealPath());
        }
    }

    @Test
    void closingEndsEveryProcessInside() throws Exception {
        Process daemon;
        long grandchild;
        try (Namespace host = Namespace.host("one")) {
            Namespace neighbour = host.neighbour("two");
            daemon = neighbour
                    .command("sh", "-c", "setsid sh -c 'trap \"\" TERM HUP; sleep 1000; :' & echo $!; exec sleep 1000")
                    .start();
            grandchild = Long.parseLong(daemon.inputReader().readLine());
            assertThat(Files.exists(Path.of("/proc/" + grandchild))).isTrue();
        }
        assertThat(daemon.waitFor(5, TimeUnit.SECONDS)).isTrue();
        await().atMost(Duration.ofSeconds(5))
                .until(() -> ProcessHandle.of(grandchild).isEmpty());
    }

    @Test
    void aFailedCommandReportsTheHostAndTheCause() throws IOException {
        try (Namespace host = Namespace.host("one")) {
            assertThatThrownBy(() -> host.run("ip", "link", "set", "absent", "up"))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("ip link set absent up in one: exit code 1: ")
                    .hasMessageContaining("absent");
        }
    }

    /** Returns the word that one host sends and the other receives. */
    private static String exchange(Namespace from, Namespace to, String address) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Path listener = source("""
                void main(String[] a) throws Exception {
                    try (var server = new java.net.ServerSocket(7000, 1, java.net.InetAddress.getByName(a[0]))) {
                        IO.println("ready");
                        IO.println(new String(server.accept().getInputStream().readAllBytes()));
                    }
                }
                """);
        Path sender = source("""
                void main(String[] a) throws Exception {
                    try (var socket = new java.net.Socket(a[0], 7000)) {
                        socket.getOutputStream().write("hello".getBytes());
                    }
                }
                """);
        try {
            Process listening = to.command(java.toString(), listener.toString(), address)
                    .redirectErrorStream(true)
                    .start();
            assertThat(listening.inputReader().readLine()).isEqualTo("ready");
            from.run(java.toString(), sender.toString(), address);
            return listening.inputReader().readLine();
        } finally {
            Files.delete(listener);
            Files.delete(sender);
        }
    }

    private static Path source(String text) throws IOException {
        Path file = Files.createTempFile("throughline", ".java");
        return Files.writeString(file, text);
    }
}
