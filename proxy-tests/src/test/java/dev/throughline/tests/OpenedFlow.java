package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.transport.ConnectAttempt;
import dev.throughline.transport.ConnectFailedException;
import dev.throughline.transport.ConnectResult;
import dev.throughline.transport.UpstreamConnection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** A connection that was requested from an agent, controlled by a test. */
final class OpenedFlow implements ConnectResult {
    private final CompletableFuture<UpstreamConnection> result = new CompletableFuture<>();
    private final CompletableFuture<Void> released = new CompletableFuture<>();
    private final ConnectAttempt attempt;
    private volatile String text = "";
    private volatile boolean ended;

    /** Requests a connection by giving {@code start} the receiver of its result. */
    OpenedFlow(Function<ConnectResult, ConnectAttempt> start) {
        this.attempt = start.apply(this);
        attempt.whenReleased(() -> released.complete(null));
    }

    @Override
    public void opened(UpstreamConnection connection) {
        result.complete(connection);
    }

    @Override
    public void failed(ConnectFailedException why) {
        result.completeExceptionally(why);
    }

    /** Returns the connection, or fails with {@link ConnectFailedException}. */
    CompletableFuture<UpstreamConnection> result() {
        return result;
    }

    /** Completes when its slot is free. */
    CompletableFuture<Void> released() {
        return released;
    }

    void giveUp() {
        attempt.giveUp();
    }

    /** Waits until it is open, and records its bytes. */
    OpenedFlow connected() throws Exception {
        Connection connection = opened().connection();
        return onLoop(() -> {
            Received received = new Received(connection);
            connection.events(received);
            received.readable();
            return this;
        });
    }

    private <T> T onLoop(Callable<T> action) throws Exception {
        return opened().connection().loop().submit(action).sync().getNow();
    }

    UpstreamConnection opened() throws Exception {
        return AskingHop.get(result);
    }

    OpenedFlow send(String words) throws Exception {
        Connection connection = opened().connection();
        return onLoop(() -> {
            ByteBuffer bytes = LoopBuffer.empty()
                    .put(words.getBytes(StandardCharsets.UTF_8))
                    .flip();
            connection.write(bytes);
            if (bytes.hasRemaining()) {
                throw new IOException("the agent takes no more");
            }
            return this;
        });
    }

    OpenedFlow finish() throws Exception {
        Connection connection = opened().connection();
        return onLoop(() -> {
            connection.shutdownOutput();
            return this;
        });
    }

    /** Returns all bytes so far. */
    boolean hasText(String expected) {
        return text.equals(expected);
    }

    void awaitText(String expected) {
        await().until(() -> hasText(expected));
    }

    void awaitEnd() {
        await().until(() -> ended);
    }

    boolean isReleased() {
        return released.isDone();
    }

    void close() throws Exception {
        Connection connection = opened().connection();
        connection.loop().submit(connection::close).sync();
    }

    private final class Received implements ConnectionEvents {
        private final Connection connection;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Received(Connection connection) {
            this.connection = connection;
        }

        @Override
        public void readable() {
            try {
                while (true) {
                    ByteBuffer data = LoopBuffer.empty();
                    int read = connection.read(data);
                    if (read <= 0) {
                        ended |= read < 0;
                        return;
                    }
                    byte[] piece = new byte[read];
                    data.flip().get(piece);
                    bytes.writeBytes(piece);
                    text = bytes.toString(StandardCharsets.UTF_8);
                }
            } catch (IOException e) {
                // It is lost: a test that waits for the end fails.
                return;
            }
        }
    }
}
