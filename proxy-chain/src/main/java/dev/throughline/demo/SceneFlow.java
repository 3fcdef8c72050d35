package dev.throughline.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The result of opening one flow.
 *
 * @param app the application that opened it
 * @param source its source port, which no other flow of the scene has
 * @param failure why it wasn't opened: the reason of a hop or an agent, or {@code hangs}
 * @param took the time until it was open or had failed
 * @param connection the application's side, open until the application closes it
 */
public record SceneFlow(SceneApp app, int source, Optional<String> failure, Duration took, AgentConnection connection)
        implements AutoCloseable {
    /** Returns whether the flow was opened. */
    public boolean isOpen() {
        return failure.isEmpty();
    }

    /**
     * Sends a byte and receives it back.
     *
     * @throws IOException also if another byte came back
     */
    public SceneFlow echo() throws IOException {
        connection.send(new byte[] {'x'});
        if (AgentConnection.receive(connection.socket(), 1)[0] != 'x') {
            throw new IOException("another byte came back");
        }
        return this;
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
