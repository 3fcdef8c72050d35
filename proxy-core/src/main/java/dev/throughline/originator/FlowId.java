package dev.throughline.originator;

import java.util.HexFormat;

/**
 * The random id that the first hop gives a flow: 16 bytes, the same at every hop. It is also the header's nonce.
 *
 * @param high the first 8 bytes
 * @param low the last 8 bytes
 */
public record FlowId(long high, long low) implements Comparable<FlowId> {
    /** Orders by the bytes. This keeps hash tables fast even if ids were chosen to collide. */
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
