package dev.throughline.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.throughline.engine.TcpTimeouts;
import dev.throughline.engine.epoll.EpollEngine;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A relay in a process that has so little direct memory that no chunk of the buffer pool fits into it. One side sends more than
 * the kernels on the way take. Prints the relay's result, and how each socket ended.
 */
final class RelayWithoutMemory {
    private static final int DIRECT_BYTES = 1 << 20;
    private static final Duration LONG = Duration.ofHours(1);

    private RelayWithoutMemory() {}

    /** Returns the line that a relay prints in a process of its own. */
    static String inOtherProcess(boolean inboundReads) throws IOException, InterruptedException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:MaxDirectMemorySize=" + DIRECT_BYTES,
                "-Dio.netty.maxDirectMemory=" + DIRECT_BYTES,
                // Otherwise so little memory would have no pool.
                "-Dio.netty.allocator.numDirectArenas=1",
                "-cp",
                System.getProperty("java.class.path"),
                RelayWithoutMemory.class.getName(),
                String.valueOf(inboundReads));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            process.waitFor();
            return output.strip();
        } finally {
            process.destroyForcibly();
        }
    }

    public static void main(String[] arguments) throws Exception {
        boolean inboundReads = Boolean.parseBoolean(arguments[0]);
        // Without pipes, bytes that the peer doesn't take need memory of this process.
        try (Wire wire = new Wire(new EpollEngine(0))) {
            Wire.Pair app = wire.pair();
            Wire.Pair destination = wire.pair();
            CompletableFuture<RelayResult> result = new CompletableFuture<>();
            wire.onLoop(() -> {
                RelayTimeouts timeouts = new RelayTimeouts(LONG, LONG, TcpTimeouts.NONE, TcpTimeouts.NONE);
                BufferMemory memory = new BufferMemory(Long.MAX_VALUE);
                new Relay(app.connection(), destination.connection(), timeouts, memory, result::complete).start();
                return null;
            });
            Socket sender = (inboundReads ? app : destination).socket();
            Socket receiver = (inboundReads ? destination : app).socket();
            CompletableFuture<String> sent = CompletableFuture.supplyAsync(() -> send(sender));
            System.out.println(result.get(20, TimeUnit.SECONDS) + ", sender: " + sent.get(20, TimeUnit.SECONDS)
                    + ", receiver: " + end(receiver));
        }
    }

    /** Sends until the relay resets the connection. A read after that would only see its end. */
    private static String send(Socket socket) {
        try {
            while (true) {
                socket.getOutputStream().write(new byte[64 << 10]);
            }
        } catch (IOException e) {
            return "reset";
        }
    }

    private static String end(Socket socket) {
        try {
            socket.getInputStream().readAllBytes();
            return "end";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
