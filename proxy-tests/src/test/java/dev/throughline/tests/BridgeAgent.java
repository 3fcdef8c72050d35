package dev.throughline.tests;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.header.Bytes;
import dev.throughline.header.HeaderWriter;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
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
        BridgeAnswer answer = next(socket);
        while (answer instanceof BridgeAnswer.AgentNotice) {
            answer = next(socket);
        }
        return answer;
    }

    /** The next answer at either end of a bridge, and not a byte more. */
    static BridgeAnswer next(SocketChannel socket) throws IOException {
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        BridgeAnswer.Read read = BridgeAnswer.read(Bytes.EMPTY);
        while (read instanceof BridgeAnswer.Read.NeedMore more) {
            received.writeBytes(receive(socket, more.total() - received.size()));
            read = BridgeAnswer.read(Bytes.copyOf(received.toByteArray()));
        }
        if (!(read instanceof BridgeAnswer.Read.Complete complete)) {
            throw new IOException(read.toString());
        }
        return complete.answer();
    }

    /** Exactly {@code count} bytes. */
    byte[] receive(int count) throws IOException {
        return receive(socket, count);
    }

    private static byte[] receive(SocketChannel socket, int count) throws IOException {
        ByteBuffer in = ByteBuffer.allocate(count);
        while (in.hasRemaining()) {
            if (socket.read(in) < 0) {
                throw new EOFException("the other end closed after " + in.position() + " of " + count + " bytes");
            }
        }
        return in.array();
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
