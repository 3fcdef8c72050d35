package dev.throughline.originator;

import java.util.HexFormat;

/**
 * The id of a host on the wire: 8 bytes of SHA-256 over its name (SPEC, section 4).
 *
 * @param value the 8 bytes
 */
public record HostId(long value) {
    /**
     * Returns the id of a host.
     *
     * @param name 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit
     * @return its id
     * @throws IllegalArgumentException for another name
     */
    public static HostId of(String name) {
        return new HostId(Name.id("throughline/host-id/v1", name));
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof HostId that && value == that.value;
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
