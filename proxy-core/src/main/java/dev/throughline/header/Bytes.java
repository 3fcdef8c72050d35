package dev.throughline.header;

import static com.google.common.base.Preconditions.checkPositionIndexes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * An immutable sequence of bytes, compared by content. Signed data is kept as the bytes that were received: a digest over
 * re-encoded data would sign our interpretation instead of the bytes. Parts share memory, so parsing a header copies nothing.
 */
public final class Bytes {
    /** The empty sequence. */
    public static final Bytes EMPTY = new Bytes(new byte[0], 0, 0);

    private static final VarHandle NETWORK_LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final byte[] bytes;
    private final int from;
    private final int length;

    private Bytes(byte[] owned, int from, int length) {
        this.bytes = owned;
        this.from = from;
        this.length = length;
    }

    /**
     * Copies an array.
     *
     * @param source any number of bytes
     * @return an independent copy
     */
    public static Bytes copyOf(byte[] source) {
        return new Bytes(source.clone(), 0, source.length);
    }

    /**
     * Copies a part of an array.
     *
     * @param source the array
     * @param offset index of the first byte, from 0
     * @param length number of bytes
     * @return an independent copy
     * @throws IndexOutOfBoundsException if the range exceeds the array
     */
    public static Bytes copyOf(byte[] source, int offset, int length) {
        checkPositionIndexes(offset, offset + length, source.length);
        return new Bytes(Arrays.copyOfRange(source, offset, offset + length), 0, length);
    }

    /**
     * Wraps {@code source} without a copy.
     *
     * @param source must not be written to afterwards
     * @return a view of the array
     */
    public static Bytes wrap(byte[] source) {
        return new Bytes(source, 0, source.length);
    }

    /**
     * Parses hexadecimal digits.
     *
     * @param hex two digits for each byte, upper or lower case, without separators
     * @return the bytes
     * @throws IllegalArgumentException for any other text
     */
    public static Bytes ofHex(String hex) {
        return wrap(HexFormat.of().parseHex(hex));
    }

    /** {@return the number of bytes} */
    public int length() {
        return length;
    }

    /**
     * Returns one byte.
     *
     * @param index from 0
     * @return 0 to 255
     * @throws IndexOutOfBoundsException beyond the end
     */
    public int at(int index) {
        return bytes[from + java.util.Objects.checkIndex(index, length)] & 0xFF;
    }

    /**
     * Returns a number in network order.
     *
     * @param index index of its first byte, from 0
     * @param size number of bytes, at most 8
     * @return the number; unsigned if it has fewer than 8 bytes
     * @throws IndexOutOfBoundsException beyond the end
     */
    public long number(int index, int size) {
        int at = from + java.util.Objects.checkFromIndexSize(index, size, length);
        if (size == Long.BYTES) {
            return (long) NETWORK_LONG.get(bytes, at);
        }
        long value = 0;
        for (int end = at + size; at < end; at++) {
            value = (value << Byte.SIZE) | (bytes[at] & 0xFF);
        }
        return value;
    }

    /**
     * Returns a part of these bytes, in the same memory.
     *
     * @param offset index of the first byte, from 0
     * @param size number of bytes
     * @return the part
     * @throws IndexOutOfBoundsException beyond the end
     */
    public Bytes part(int offset, int size) {
        checkPositionIndexes(offset, offset + size, length);
        return new Bytes(bytes, from + offset, size);
    }

    /** {@return a copy} */
    public byte[] toByteArray() {
        return Arrays.copyOfRange(bytes, from, from + length);
    }

    /** Returns a copy of a part. */
    byte[] toByteArray(int offset, int size) {
        int start = from + java.util.Objects.checkFromIndexSize(offset, size, length);
        return Arrays.copyOfRange(bytes, start, start + size);
    }

    /**
     * Copies all bytes into an array.
     *
     * @param target the array
     * @param offset index of the first byte in {@code target}, from 0
     * @throws IndexOutOfBoundsException if they don't fit; then nothing is copied
     */
    public void copyInto(byte[] target, int offset) {
        System.arraycopy(bytes, from, target, offset, length);
    }

    /**
     * Adds all bytes to a digest.
     *
     * @param digest the digest to update
     */
    public void addTo(MessageDigest digest) {
        digest.update(bytes, from, length);
    }

    /** {@return whether all bytes are below 80 hex} */
    public boolean isAscii() {
        int all = 0;
        for (int i = from; i < from + length; i++) {
            all |= bytes[i];
        }
        return all >= 0;
    }

    /** {@return the bytes decoded as UTF-8, for display only: malformed bytes become replacement characters} */
    public String toUtf8() {
        return new String(bytes, from, length, StandardCharsets.UTF_8);
    }

    /** {@return two lower-case hexadecimal digits for each byte} */
    public String toHex() {
        return HexFormat.of().formatHex(bytes, from, from + length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that
                && Arrays.equals(bytes, from, from + length, that.bytes, that.from, that.from + that.length);
    }

    @Override
    public int hashCode() {
        long hash = length;
        int at = from;
        int end = from + length;
        for (; end - at >= Long.BYTES; at += Long.BYTES) {
            hash = 0x9E3779B97F4A7C15L * hash + (long) LONG.get(bytes, at);
        }
        for (; at < end; at++) {
            hash = 31 * hash + bytes[at];
        }
        return Long.hashCode(hash);
    }

    @Override
    public String toString() {
        return toHex();
    }
}
