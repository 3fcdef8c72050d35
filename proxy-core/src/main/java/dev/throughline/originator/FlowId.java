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

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof FlowId that && high == that.high && low == that.low;
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return 31 * Long.hashCode(high) + Long.hashCode(low);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
