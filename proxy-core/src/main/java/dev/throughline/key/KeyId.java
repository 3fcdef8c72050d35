package dev.throughline.key;

import java.util.HexFormat;

/**
 * The id by which a link names a key: the first 8 bytes of SHA-256(algorithm code, public key) (SPEC, section 4). It proves
 * nothing.
 *
 * @param value the 8 bytes
 */
public record KeyId(long value) {
    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(value);
    }
}
