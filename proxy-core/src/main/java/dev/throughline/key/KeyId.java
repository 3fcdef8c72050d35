package dev.throughline.key;

import java.util.HexFormat;

/**
 * The first 8 bytes of SHA-256(algorithm code, public key): which key a link names (SPEC, section 4). A name, not proof.
 *
 * @param value the 8 bytes
 */
public record KeyId(long value) {
    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(value);
    }
}
