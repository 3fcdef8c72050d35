package dev.throughline.originator;

import java.util.HexFormat;

/**
 * The id of a hop on the wire: 8 bytes of SHA-256 over its name (SPEC, section 4).
 *
 * @param value the 8 bytes
 */
public record HopId(long value) {
    /**
     * Returns the id of a hop.
     *
     * @param name 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit
     * @return its id
     * @throws IllegalArgumentException for another name
     */
    public static HopId of(String name) {
        return new HopId(Name.id("throughline/hop-id/v1", name));
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof HopId that && value == that.value;
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Long.hashCode(value);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(value);
    }
}
