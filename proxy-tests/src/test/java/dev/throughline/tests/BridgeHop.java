package dev.throughline.tests;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A hop's connection to an agent, according to BRIDGE.md: one request, the answers, and the flow's bytes. */
record BridgeHop(BridgeAgent end) implements AutoCloseable {
    static BridgeHop ask(Path agent, BridgeRequest request) throws IOException {
        return new BridgeHop(BridgeAgent.connect(agent).send(request.encode().toByteArray()));
    }

    /** Returns the next notice or answer. */
    BridgeAnswer next() throws IOException {
        return BridgeAgent.next(end.socket());
    }

    /** Returns whether there are no unread bytes at this moment. */
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

    /** Ends the flow's direction; before an answer, that abandons the start. */
    BridgeHop finish() throws IOException {
        end.finish();
        return this;
    }

    String receiveText(int count) throws IOException {
        return new String(end.receive(count), java.nio.charset.StandardCharsets.UTF_8);
    }

    /** Returns all bytes until the agent ends its direction. */
    String restText() throws IOException {
        return end.restText();
    }

    @Override
    public void close() throws IOException {
        end.close();
    }
}
