package dev.throughline.header;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * A type-length-value element of a PROXY v2 header (section 2.2, "PP2_TYPE").
 *
 * @param type one byte, 0 to 255
 * @param value 0 to 65,535 bytes
 */
public record Tlv(int type, Bytes value) {
    /** A CRC-32C over the whole header with these four bytes taken as zero (section 2.2.3). */
    public static final int CRC32C = 0x03;

    /** Size of type (1 byte) and length (2 bytes) before each value. */
    public static final int OVERHEAD = 3;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException for a type of more than a byte, or a value of more than 65,535
     */
    public Tlv {
        checkArgument(type >= 0 && type <= 0xFF, "a TLV type is one byte: %s", type);
        checkArgument(value.length() <= 0xFFFF, "a TLV value has at most 65535 bytes: %s", value.length());
    }
}
