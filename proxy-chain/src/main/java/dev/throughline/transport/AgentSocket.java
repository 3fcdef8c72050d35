package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.header.Bytes;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The Unix socket on which an agent listens, and how its answers are read. */
final class AgentSocket {
    private static final int RETRY_MILLIS = 5;

    private final Engine engine;
    private final Path path;

    AgentSocket(Engine engine, Path path) {
        this.engine = engine;
        this.path = path;
    }

    /**
     * Connects. Must be called on {@code loop}. Retries while the agent's queue is full: unlike TCP, connect(2) of a Unix
     * socket doesn't wait for space in it (EAGAIN, unix(7)).
     *
     * @param connected is completed with the open connection, before anything happens on it; or with {@link
     *     ConnectFailedException}. Completing it from outside cancels the attempt
     */
    void connect(EventLoop loop, CompletableFuture<Connection> connected) {
        if (connected.isDone()) {
            return;
        }
        try {
            connected.complete(engine.connect(loop, path));
        } catch (IOException | RuntimeException e) {
            if (isQueueFull(e)) {
                loop.schedule(() -> connect(loop, connected), RETRY_MILLIS, TimeUnit.MILLISECONDS);
            } else {
                connected.completeExceptionally(failure(e));
            }
        }
    }

    private ConnectFailedException failure(Throwable cause) {
        int errno = SystemError.of(cause).orElse(0);
        return switch (errno) {
            case SystemError.EMFILE, SystemError.ENFILE, SystemError.ENOMEM, SystemError.ENOBUFS ->
                ConnectFailedException.shortage(errno);
            default ->
                ConnectFailedException.of(
                        ConnectFailure.AGENT_GONE, "no agent listens at " + path + ": " + SystemError.text(cause));
        };
    }

    private static boolean isQueueFull(Throwable cause) {
        return SystemError.of(cause).equals(OptionalInt.of(SystemError.EAGAIN));
    }

    /** Reads answers from a stream of buffers, and no byte more: the bytes after <em>connected</em> belong to the flow. */
    static final class AnswerReader {
        private final byte[] received = new byte[BridgeAnswer.PREFIX_BYTES + BridgeAnswer.MAX_CONTENT_BYTES];
        private int length;

        /** Returns the next answer, complete or malformed; empty if {@code data} ends before it does. */
        Optional<BridgeAnswer.Read> next(ByteBuffer data) {
            while (true) {
                BridgeAnswer.Read read = BridgeAnswer.read(Bytes.copyOf(received, 0, length));
                if (!(read instanceof BridgeAnswer.Read.NeedMore(int total))) {
                    length = 0;
                    return Optional.of(read);
                }
                if (!data.hasRemaining()) {
                    return Optional.empty();
                }
                int taken = Math.min(total - length, data.remaining());
                data.get(received, length, taken);
                length += taken;
            }
        }
    }
}
