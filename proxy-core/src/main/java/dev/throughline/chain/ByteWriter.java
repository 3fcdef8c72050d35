package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;

/**
 * A cursor that writes values in order into an array of known size, so that every byte is written once. Not a {@link
 * java.nio.ByteBuffer}, whose checks are slow without the optimizing compiler.
 */
final class ByteWriter {
    private static final VarHandle NETWORK_LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final byte[] out;
    private final int end;
    private int at;

    ByteWriter(int size) {
        this(new byte[size], 0, size);
    }

    /** Creates a writer for a part of an array. */
    ByteWriter(byte[] out, int from, int to) {
        this.out = out;
        this.at = from;
        this.end = to;
    }

    ByteWriter u8(int value) {
        out[take(1)] = (byte) value;
        return this;
    }

    ByteWriter u16(int value) {
        int start = take(2);
        out[start] = (byte) (value >> 8);
        out[start + 1] = (byte) value;
        return this;
    }

    ByteWriter i32(int value) {
        return number(value, 4);
    }

    ByteWriter u48(long value) {
        return number(value, 6);
    }

    ByteWriter i64(long value) {
        NETWORK_LONG.set(out, take(Long.BYTES), value);
        return this;
    }

    private ByteWriter number(long value, int size) {
        int start = take(size);
        long rest = value;
        for (int i = start + size - 1; i >= start; i--) {
            out[i] = (byte) rest;
            rest >>= Byte.SIZE;
        }
        return this;
    }

    ByteWriter bytes(byte[] bytes) {
        System.arraycopy(bytes, 0, out, take(bytes.length), bytes.length);
        return this;
    }

    ByteWriter bytes(Bytes bytes) {
        bytes.copyInto(out, take(bytes.length()));
        return this;
    }

    ByteWriter endpoint(InetSocketAddress endpoint) {
        return bytes(endpoint.getAddress().getAddress()).u16(endpoint.getPort());
    }

    /** Writes the bytes that {@link Tuple#encode} returns. */
    ByteWriter tuple(Tuple tuple) {
        return bytes(tuple.source().getAddress().getAddress())
                .bytes(tuple.destination().getAddress().getAddress())
                .u16(tuple.source().getPort())
                .u16(tuple.destination().getPort());
    }

    /** Returns the index of the next {@code count} bytes, and moves behind them. */
    private int take(int count) {
        int start = at;
        if (count > end - start) {
            throw new IndexOutOfBoundsException(count + " bytes more, and " + (end - start) + " are left");
        }
        at = start + count;
        return start;
    }

    /** Returns the written bytes. Nothing more can be written. */
    Bytes toBytes() {
        if (at < end) {
            throw new IllegalStateException((end - at) + " bytes fewer than were announced");
        }
        return Bytes.wrap(out);
    }
}
