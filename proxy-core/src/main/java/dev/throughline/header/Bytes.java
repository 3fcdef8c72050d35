package dev.throughline.header;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * An immutable run of bytes, compared by content. Signed data is kept as the bytes that were received, because a digest
 * over anything that was decoded and encoded again would sign our reading of the bytes instead of the bytes.
 */
public final class Bytes {
    /** No bytes. */
    public static final Bytes EMPTY = new Bytes(new byte[0]);

    private final byte[] bytes;

    private Bytes(byte[] owned) {
        this.bytes = owned;
    }

    /**
     * Copies all of an array.
     *
     * @param source any number of bytes
     * @return the same bytes, apart from the array
     */
    public static Bytes copyOf(byte[] source) {
        return new Bytes(source.clone());
    }

    /**
     * Copies a part of an array.
     *
     * @param source where the bytes are
     * @param offset of the first, from 0
     * @param length how many
     * @return the same bytes, apart from the array
     * @throws IndexOutOfBoundsException if {@code offset} is not in the array
     */
    public static Bytes copyOf(byte[] source, int offset, int length) {
        return new Bytes(Arrays.copyOfRange(source, offset, offset + length));
    }

    /**
     * Reads hexadecimal digits.
     *
     * @param hex two digits a byte, upper or lower case, nothing between them
     * @return half as many bytes
     * @throws IllegalArgumentException for anything else
     */
    public static Bytes ofHex(String hex) {
        return new Bytes(HexFormat.of().parseHex(hex));
    }

    /** {@return how many bytes there are} */
    public int length() {
        return bytes.length;
    }

    /** {@return a copy} */
    public byte[] toByteArray() {
        return bytes.clone();
    }

    /**
     * Copies all bytes into an array.
     *
     * @param target where to
     * @param offset of the first in {@code target}, from 0
     * @throws IndexOutOfBoundsException if they don't fit; nothing is copied then
     */
    public void copyInto(byte[] target, int offset) {
        System.arraycopy(bytes, 0, target, offset, bytes.length);
    }

    /** {@return two lower-case hexadecimal digits a byte} */
    public String toHex() {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return toHex();
    }
}
