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

/** An agent with one flow, as BRIDGE.md has it: hands it over, waits for the answer, and passes bytes on. */
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

    /** What became of the flow; news are passed over. No byte of the flow is read. */
    BridgeAnswer answer() throws IOException {
        return AgentConnection.answer(socket);
    }

    /** The next answer at either end of a bridge, and not a byte more. */
    static BridgeAnswer next(SocketChannel socket) throws IOException {
        return AgentConnection.next(socket);
    }

    /** Exactly {@code count} bytes. */
    byte[] receive(int count) throws IOException {
        return AgentConnection.receive(socket, count);
    }

    /** Says that the application sends no more; the other direction stays. */
    BridgeAgent finish() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    /** All that comes until the hop ends its direction. */
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
