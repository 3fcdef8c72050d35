package dev.throughline.demo;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A training run for the AOT cache of the virtual machine (JEP 483, JEP 514). It runs the code that a new process runs first: two
 * hops in this process, connections through both, and the most frequent commands. It uses loopback and a temporary folder only.
 */
public final class TrainingRun {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

    private static final int FLOWS = 200;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration RETRY = Duration.ofMillis(20);
    private static final byte[] PAYLOAD = new byte[1000];

    private final Command program;
    private final Path folder;

    /** A runner of the program's command lines. */
    public interface Command {
        int run(String... arguments);
    }

    private TrainingRun(Command program, Path folder) {
        this.program = program;
        this.folder = folder;
    }

    /**
     * Runs the training with {@code program}. The hops run until the process ends.
     *
     * @throws IOException if the hops aren't ready within 30 s, or a command fails
     */
    public static void with(Command program) throws IOException {
        Path folder = Files.createTempDirectory("throughline-training");
        try {
            new TrainingRun(program, folder).train();
        } finally {
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        }
    }

    private void train() throws IOException {
        List<Integer> ports = freePorts();
        int first = ports.getFirst();
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofPlatform().daemon().start(() -> echo(server));
            DemoHops.in(folder).writeTrainingConfigs(first, ports.getLast(), server.getLocalPort());
            for (String hop : List.of("hop-a", "hop-b")) {
                succeed("check", config(hop));
                Thread.ofPlatform().daemon().start(() -> program.run("run", "-c", config(hop)));
            }
            open(first);
            for (String hop : List.of("hop-a", "hop-b")) {
                succeed("flows", "list", "-c", config(hop));
                succeed("reload", "-c", config(hop));
            }
            succeed("keys", "show", folder.resolve("trust").toString());
        }
    }

    private static List<Integer> freePorts() throws IOException {
        try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket second = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return List.of(first.getLocalPort(), second.getLocalPort());
        }
    }

    private String config(String hop) {
        return folder.resolve(hop + ".yaml").toString();
    }

    private void succeed(String... command) throws IOException {
        int status = program.run(command);
        if (status != 0) {
            throw new IOException(String.join(" ", command) + " ended with status " + status);
        }
    }

    /** Opens the connections in another process: a hop refuses its own. */
    private static void open(int port) throws IOException {
        Process client = new ProcessBuilder(ProgramCommand.of("train", Integer.toString(port)))
                .inheritIO()
                .start();
        try {
            if (!client.waitFor(2 * PATIENCE.toSeconds(), TimeUnit.SECONDS) || client.exitValue() != 0) {
                throw new IOException("the client of the training failed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            client.destroyForcibly();
        }
    }

    /**
     * Runs the client: opens connections to {@code port} of loopback one after the other, as soon as the hop accepts them.
     *
     * @throws IOException if the hop doesn't accept them within 30 s
     */
    public static void client(int port) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        int done = 0;
        while (done < FLOWS) {
            try {
                flow(port);
                done++;
            } catch (IOException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                LockSupport.parkNanos(RETRY.toNanos());
            }
        }
    }

    /** Sends a request and reads its echo to the end. */
    private static void flow(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
            OutputStream out = socket.getOutputStream();
            out.write(PAYLOAD);
            socket.shutdownOutput();
            if (!Arrays.equals(socket.getInputStream().readAllBytes(), PAYLOAD)) {
                throw new IOException("the echo differs");
            }
        }
    }

    private static void echo(ServerSocket server) {
        while (!server.isClosed()) {
            try (Socket socket = server.accept();
                    InputStream in = socket.getInputStream()) {
                in.transferTo(socket.getOutputStream());
            } catch (IOException e) {
                // Closed at the end of the training. A connection that failed was missed by the client.
                LOG.debug("an echo failed: {}", e.toString());
            }
        }
    }
}
