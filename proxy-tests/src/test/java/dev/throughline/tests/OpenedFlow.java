package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.transport.ConnectAttempt;
import dev.throughline.transport.UpstreamConnection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;

/** A connection that was requested from an agent, controlled by a test. */
final class OpenedFlow {
    private final ConnectAttempt start;
    private volatile String text = "";
    private volatile boolean ended;

    OpenedFlow(ConnectAttempt start) {
        this.start = start;
    }

    ConnectAttempt start() {
        return start;
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
        return AskingHop.get(start.opened());
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
        return start.released().isDone();
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
