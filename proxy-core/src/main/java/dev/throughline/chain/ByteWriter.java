package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.nio.ByteBuffer;

/** Where bytes are written one after the other; its size is known before, so that every byte is written once. */
final class ByteWriter {
    private final ByteBuffer out;

    ByteWriter(int size) {
        this.out = ByteBuffer.allocate(size);
    }

    ByteWriter u8(int value) {
        out.put((byte) value);
        return this;
    }

    ByteWriter u16(int value) {
        out.putShort((short) value);
        return this;
    }

    ByteWriter u48(long value) {
        out.putShort((short) (value >> 32)).putInt((int) value);
        return this;
    }

    ByteWriter i64(long value) {
        out.putLong(value);
        return this;
    }

    ByteWriter bytes(byte[] bytes) {
        out.put(bytes);
        return this;
    }

    ByteWriter bytes(Bytes bytes) {
        bytes.copyInto(out.array(), out.position());
        out.position(out.position() + bytes.length());
        return this;
    }

    /** The address of an endpoint and its port, or the addresses of a tuple. */
    ByteBuffer buffer() {
        return out;
    }

    /** All that was written; nothing more can be. */
    Bytes toBytes() {
        if (out.hasRemaining()) {
            throw new IllegalStateException(out.remaining() + " bytes fewer than were announced");
        }
        return Bytes.wrap(out.array());
    }
}
