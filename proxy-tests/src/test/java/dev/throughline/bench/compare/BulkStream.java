package dev.throughline.bench.compare;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Random;

/**
 * The payload of bulk transfers: any number of equal blocks, then a trailer with their number. The receiver compares every
 * byte, so no window counts a transfer that lost, changed or reordered bytes.
 */
final class BulkStream {
    static final int BLOCK = 1 << 16;

    private static final int BLOCKS_A_WRITE = 4;
    private static final byte DATA = 'D';
    private static final byte TRAILER = 'T';
    private static final int TRAILER_SIZE = 1 + Long.BYTES;

    private static final ByteBuffer BLOCKS = blocks();

    private BulkStream() {}

    private static ByteBuffer blocks() {
        byte[] block = new byte[BLOCK];
        new Random(1).nextBytes(block);
        block[0] = DATA;
        ByteBuffer blocks = ByteBuffer.allocateDirect(BLOCK * BLOCKS_A_WRITE);
        for (int i = 0; i < BLOCKS_A_WRITE; i++) {
            blocks.put(block);
        }
        return blocks.flip().asReadOnlyBuffer();
    }

    /** Writes a stream to a non-blocking channel. */
    static final class Sender {
        private final ByteBuffer blocks = BLOCKS.duplicate();
        private final ByteBuffer trailer = ByteBuffer.allocate(TRAILER_SIZE);
        private long sent;
        private boolean isStopping;

        /** Ends the stream after the block that is being sent. */
        void stop() {
            isStopping = true;
        }

        /** Writes once. Returns whether the stream is complete. */
        boolean write(WritableByteChannel channel) throws IOException {
            int offset = (int) (sent % BLOCK);
            if (!isStopping || offset > 0) {
                blocks.limit(isStopping ? BLOCK : BLOCKS.capacity()).position(offset);
                sent += channel.write(blocks);
                return false;
            }
            if (trailer.position() == 0) {
                trailer.put(TRAILER).putLong(sent / BLOCK).flip();
            }
            channel.write(trailer);
            return !trailer.hasRemaining();
        }

        /** The bytes of all blocks sent. */
        long bytes() {
            return sent;
        }
    }

    /** Compares a received stream with what a {@link Sender} sends. */
    static final class Receiver {
        private final ByteBuffer block = BLOCKS.duplicate();
        private final ByteBuffer trailer = ByteBuffer.allocate(Long.BYTES);
        private long received;
        private boolean isInTrailer;

        /** Reads once and compares. Returns false at the end of the connection. */
        boolean read(ReadableByteChannel channel, ByteBuffer buffer) throws IOException {
            buffer.clear();
            if (channel.read(buffer) < 0) {
                return false;
            }
            accept(buffer.flip());
            return true;
        }

        /**
         * Compares the next bytes, up to the end of the stream.
         *
         * @throws IOException if they are not those of a stream
         */
        void accept(ByteBuffer next) throws IOException {
            while (next.hasRemaining() && !isComplete()) {
                int offset = (int) (received % BLOCK);
                if (isInTrailer) {
                    trailer.put(next.get());
                    checkCount();
                } else if (offset == 0 && next.get(next.position()) == TRAILER) {
                    next.get();
                    isInTrailer = true;
                } else {
                    int length = Math.min(next.remaining(), BLOCK - offset);
                    int difference = next.slice(next.position(), length).mismatch(block.slice(offset, length));
                    if (difference >= 0) {
                        throw new IOException("byte " + (received + difference) + " of a bulk transfer differs");
                    }
                    next.position(next.position() + length);
                    received += length;
                }
            }
        }

        private void checkCount() throws IOException {
            if (isComplete() && trailer.getLong(0) * BLOCK != received) {
                throw new IOException("received " + received + " bytes of a bulk transfer of "
                        + trailer.getLong(0) * BLOCK + " bytes");
            }
        }

        boolean isComplete() {
            return !trailer.hasRemaining();
        }

        /** The bytes of all blocks received so far. */
        long bytes() {
            return received;
        }
    }
}
