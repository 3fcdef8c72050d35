package dev.throughline.bench.compare;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The messages between load generator and backend. All have the same size; the first byte is the verb. */
final class Message {
    static final int SIZE = 64;

    /** The backend returns the message. */
    static final byte ECHO = 'e';
    /** The backend sends a {@link BulkStream} until it receives {@link #STOP}. */
    static final byte DOWNLOAD = 'd';

    static final byte STOP = 's';
    /** The client sends a {@link BulkStream}; the backend answers with this message when it has verified the stream. */
    static final byte UPLOAD = 'u';

    private Message() {}

    static ByteBuffer of(byte verb) {
        ByteBuffer message = ByteBuffer.allocateDirect(SIZE);
        message.put(verb);
        for (int i = 1; i < SIZE; i++) {
            message.put((byte) (i * 37));
        }
        return message.flip();
    }

    /** Writes a whole message. A socket whose send buffer is nearly empty takes one in one call. */
    static void write(SocketChannel channel, ByteBuffer message) throws IOException {
        message.rewind();
        channel.write(message);
        if (message.hasRemaining()) {
            throw new IOException("the socket accepted only a part of a message");
        }
    }
}
