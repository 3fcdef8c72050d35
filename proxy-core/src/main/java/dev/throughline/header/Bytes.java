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
 * An immutable run of bytes, compared by content. Signed data is kept as the bytes that were received, because a digest
 * over anything that was decoded and encoded again would sign our reading of the bytes instead of the bytes. A part of it
 * shares its memory, so taking a header apart copies nothing.
 */
public final class Bytes {
    /** No bytes. */
    public static final Bytes EMPTY = new Bytes(new byte[0], 0, 0);

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
     * Copies all of an array.
     *
     * @param source any number of bytes
     * @return the same bytes, apart from the array
     */
    public static Bytes copyOf(byte[] source) {
        return new Bytes(source.clone(), 0, source.length);
    }

    /**
     * Copies a part of an array.
     *
     * @param source where the bytes are
     * @param offset of the first, from 0
     * @param length how many
     * @return the same bytes, apart from the array
     * @throws IndexOutOfBoundsException if they aren't all in the array
     */
    public static Bytes copyOf(byte[] source, int offset, int length) {
        checkPositionIndexes(offset, offset + length, source.length);
        return new Bytes(Arrays.copyOfRange(source, offset, offset + length), 0, length);
    }

    /**
     * Takes {@code source} without a copy.
     *
     * @param source nobody writes to it any more
     * @return the same bytes, in the same memory
     */
    public static Bytes wrap(byte[] source) {
        return new Bytes(source, 0, source.length);
    }

    /**
     * Reads hexadecimal digits.
     *
     * @param hex two digits a byte, upper or lower case, nothing between them
     * @return half as many bytes
     * @throws IllegalArgumentException for anything else
     */
    public static Bytes ofHex(String hex) {
        return wrap(HexFormat.of().parseHex(hex));
    }

    /** {@return how many bytes there are} */
    public int length() {
        return length;
    }

    /**
     * One byte.
     *
     * @param index from 0
     * @return 0 to 255
     * @throws IndexOutOfBoundsException beyond the end
     */
    public int at(int index) {
        return bytes[from + java.util.Objects.checkIndex(index, length)] & 0xFF;
    }

    /**
     * A part of these bytes, in the same memory.
     *
     * @param offset of the first, from 0
     * @param size how many
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

    /**
     * Copies all bytes into an array.
     *
     * @param target where to
     * @param offset of the first in {@code target}, from 0
     * @throws IndexOutOfBoundsException if they don't fit; nothing is copied then
     */
    public void copyInto(byte[] target, int offset) {
        System.arraycopy(bytes, from, target, offset, length);
    }

    /**
     * Adds all bytes to a digest.
     *
     * @param digest that they go into
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

    /** {@return the same bytes as text; malformed UTF-8 becomes replacement characters, so this is for display only} */
    public String toUtf8() {
        return new String(bytes, from, length, StandardCharsets.UTF_8);
    }

    /** {@return two lower-case hexadecimal digits a byte} */
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
