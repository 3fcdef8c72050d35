package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.engine.Connection;
import dev.throughline.engine.LoopBuffer;
import java.io.IOException;

/** A writer of an agent's answers to a hop. They are short: the socket's buffer has space for them. */
final class Answers {
    private Answers() {}

    static void send(Connection hop, BridgeAnswer answer) {
        try {
            hop.write(LoopBuffer.empty().put(answer.encode().toByteArray()).flip());
        } catch (IOException e) {
            // The hop has closed, which its next event says.
        }
    }

    /** Sends a failure, and closes the connection. */
    static void fail(Connection hop, String reason) {
        send(hop, new BridgeAnswer.Failed(reason));
        hop.close();
    }
}
