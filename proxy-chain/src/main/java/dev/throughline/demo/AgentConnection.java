package dev.throughline.demo;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.header.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * A connection to a bridge's or an agent's Unix socket (BRIDGE.md): a request, its answers, then the bytes of a flow.
 *
 * @param socket blocking
 */
public record AgentConnection(SocketChannel socket) implements AutoCloseable {
    static AgentConnection connect(Path path) throws IOException {
        return new AgentConnection(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    }

    void send(byte[] bytes) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            socket.write(out);
        }
    }

    /** Returns the answer that decides about the flow. Notices before it are skipped; no byte of the flow is read. */
    public static BridgeAnswer answer(SocketChannel socket) throws IOException {
        BridgeAnswer answer = next(socket);
        while (answer instanceof BridgeAnswer.AgentNotice) {
            answer = next(socket);
        }
        return answer;
    }

    /** Reads the next answer, and not a byte more. */
    public static BridgeAnswer next(SocketChannel socket) throws IOException {
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

    /** Reads exactly {@code count} bytes. */
    public static byte[] receive(SocketChannel socket, int count) throws IOException {
        ByteBuffer in = ByteBuffer.allocate(count);
        while (in.hasRemaining()) {
            if (socket.read(in) < 0) {
                throw new EOFException("the other end closed after " + in.position() + " of " + count + " bytes");
            }
        }
        return in.array();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
