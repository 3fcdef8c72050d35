package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.nio.ByteBuffer;

/** A cursor that writes values in order into a buffer of known size, so that every byte is written once. */
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

    /** Returns the buffer, for addresses and tuples. */
    ByteBuffer buffer() {
        return out;
    }

    /** Returns the written bytes. Nothing more can be written. */
    Bytes toBytes() {
        if (out.hasRemaining()) {
            throw new IllegalStateException(out.remaining() + " bytes fewer than were announced");
        }
        return Bytes.wrap(out.array());
    }
}
