package dev.throughline.key;

import java.util.HexFormat;

/**
 * The id by which a link names a key: the first 8 bytes of SHA-256(algorithm code, public key) (SPEC, section 4). It proves
 * nothing.
 *
 * @param value the 8 bytes
 */
public record KeyId(long value) {
    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof KeyId that && value == that.value;
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
