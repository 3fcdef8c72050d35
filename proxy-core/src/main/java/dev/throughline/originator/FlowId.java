package dev.throughline.originator;

import java.util.HexFormat;

/**
 * The id that the first hop draws at random for a flow: 16 bytes, the same at every hop, and the header's nonce.
 *
 * @param high the first 8 bytes
 * @param low the last 8 bytes
 */
public record FlowId(long high, long low) {
    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
