package dev.throughline.tests;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The result of one flow of a scene.
 *
 * @param app the application that opened it
 * @param source port by which logs are searched; no other flow of the scene has it
 * @param failure why it didn't open: a hop's or agent's reason, or {@code hangs}
 * @param took time until it opened or failed
 * @param end the application's side of it, open until the application closes it
 */
record SceneFlow(SceneApp app, int source, Optional<String> failure, Duration took, BridgeAgent end)
        implements AutoCloseable {
    boolean stands() {
        return failure.isEmpty();
    }

    /** A letter there and back. */
    SceneFlow converse() throws IOException {
        end.send("x");
        if (end.receive(1)[0] != 'x') {
            throw new IOException("another letter came back");
        }
        return this;
    }

    @Override
    public void close() throws IOException {
        end.close();
    }
}
