package dev.throughline.originator;

import java.util.HexFormat;

/**
 * The id that the first hop draws at random for a flow: 16 bytes, the same at every hop, and the header's nonce.
 *
 * @param high the first 8 bytes
 * @param low the last 8 bytes
 */
public record FlowId(long high, long low) implements Comparable<FlowId> {
    /** By its bytes. In a table of hashes, ids that were chosen for one hash then cost hardly more than random ones. */
    @Override
    public int compareTo(FlowId other) {
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
