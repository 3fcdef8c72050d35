package dev.throughline.tests;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A hop's connection to an agent that opens for it, as BRIDGE.md has it: one request, what is said to it, and the flow's bytes. */
record BridgeHop(BridgeAgent end) implements AutoCloseable {
    static BridgeHop ask(Path agent, BridgeRequest request) throws IOException {
        return new BridgeHop(BridgeAgent.connect(agent).send(request.encode().toByteArray()));
    }

    /** The next news, or the answer. */
    BridgeAnswer next() throws IOException {
        return BridgeAgent.next(end.socket());
    }

    /** Whether nothing has come, at this moment, that wasn't read. */
    boolean hasNothing() throws IOException {
        SocketChannel socket = end.socket();
        socket.configureBlocking(false);
        try {
            return socket.read(ByteBuffer.allocate(1)) == 0;
        } finally {
            socket.configureBlocking(true);
        }
    }

    BridgeHop send(String text) throws IOException {
        end.send(text);
        return this;
    }

    /** Ends the flow's direction; before an answer, gives the start up. */
    BridgeHop finish() throws IOException {
        end.finish();
        return this;
    }

    String receiveText(int count) throws IOException {
        return new String(end.receive(count), java.nio.charset.StandardCharsets.UTF_8);
    }

    /** All that comes until the agent ends its direction. */
    String restText() throws IOException {
        return end.restText();
    }

    @Override
    public void close() throws IOException {
        end.close();
    }
}
