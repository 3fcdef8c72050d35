package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import com.google.common.base.Splitter;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;

/** A program of another project as a child process, with both outputs and its end. */
record ForeignProgram(String name, Process process, List<String> lines) implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Names the folder in which the launcher unpacked packages for tests; their files are below {@code root}. */
    private static final String UNPACKED = "THROUGHLINE_TEST_PROGRAMS";

    /**
     * Finds a command on PATH, where the launcher puts unpacked programs too, or an absolute path on this host or among the
     * unpacked files. A user's PATH may lack the folders of daemons.
     */
    static Optional<Path> find(String program) {
        String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin" + File.pathSeparator + "/sbin";
        Stream<Path> places = program.startsWith("/")
                ? Stream.concat(
                        Stream.of(Path.of(program)),
                        Stream.ofNullable(System.getenv(UNPACKED)).map(folder -> Path.of(folder, "root", program)))
                : Splitter.on(File.pathSeparator)
                        .omitEmptyStrings()
                        .splitToStream(path)
                        .map(folder -> Path.of(folder, program))
                        .filter(Files::isExecutable);
        return places.filter(Files::isRegularFile).findFirst();
    }

    static String path(String program) {
        return find(program).orElseThrow().toString();
    }

    /** Starts a program and waits until it takes connections at all these addresses. */
    static ForeignProgram start(List<String> command, List<InetSocketAddress> listening) throws IOException {
        Process process = Host.THIS.command(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        ForeignProgram program = new ForeignProgram(command.getFirst(), process, new CopyOnWriteArrayList<>());
        Thread.ofVirtual().start(program::follow);
        try {
            for (InetSocketAddress address : listening) {
                program.awaitTrue("to listen at " + address, () -> takesConnections(address));
            }
            return program;
        } catch (AssertionError e) {
            program.close();
            throw e;
        }
    }

    private void follow() {
        try (BufferedReader reader = process.inputReader()) {
            reader.lines().forEach(lines::add);
        } catch (IOException | UncheckedIOException e) {
            // It was ended during its output.
            return;
        }
    }

    private static boolean takesConnections(InetSocketAddress address) throws IOException {
        try (Socket probe = new Socket(address.getAddress(), address.getPort())) {
            return probe.isConnected();
        } catch (SocketException e) {
            return false;
        }
    }

    /** Waits until it has written a line that contains {@code text}. */
    void awaitLine(String text) {
        awaitTrue("to write \"" + text + "\"", () -> lines.stream().anyMatch(line -> line.contains(text)));
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private void awaitTrue(String what, Condition condition) {
        try {
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> condition.holds() || !process.isAlive());
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(name + " took too long " + what + "; it said: " + String.join("\n", lines));
        }
        if (!process.isAlive()) {
            throw new AssertionError(name + " ended unexpectedly; its output: " + String.join("\n", lines));
        }
    }

    /** Ends it at once. */
    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
