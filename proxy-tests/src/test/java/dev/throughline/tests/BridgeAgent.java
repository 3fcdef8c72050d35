package dev.throughline.tests;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.demo.AgentConnection;
import dev.throughline.header.HeaderWriter;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** An agent with one flow, according to BRIDGE.md: hands it over, waits for the answer, and relays bytes. */
record BridgeAgent(SocketChannel socket) implements AutoCloseable {
    static BridgeAgent connect(Path bridge) throws IOException {
        return new BridgeAgent(SocketChannel.open(UnixDomainSocketAddress.of(bridge)));
    }

    BridgeAgent handOver(BridgeHeader flow) throws IOException {
        return send(HeaderWriter.proxy(flow.flow(), flow.tlvs()).toByteArray());
    }

    BridgeAgent send(byte[] bytes) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            socket.write(out);
        }
        return this;
    }

    BridgeAgent send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the answer, after any notices. Reads no byte of the flow. */
    BridgeAnswer answer() throws IOException {
        return AgentConnection.answer(socket);
    }

    /** Returns the next answer at either end of a bridge, and reads no byte more. */
    static BridgeAnswer next(SocketChannel socket) throws IOException {
        return AgentConnection.next(socket);
    }

    /** Returns exactly {@code count} bytes. */
    byte[] receive(int count) throws IOException {
        return AgentConnection.receive(socket, count);
    }

    /** Ends the output of the application; the other direction stays open. */
    BridgeAgent finish() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    /** Returns all bytes until the hop ends its direction. */
    byte[] rest() throws IOException {
        return Channels.newInputStream(socket).readAllBytes();
    }

    String restText() throws IOException {
        return new String(rest(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
