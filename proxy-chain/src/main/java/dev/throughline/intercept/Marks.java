package dev.throughline.intercept;

/**
 * The bits of a packet mark and of a connection mark that hops of one host share.
 *
 * <pre>
 * 31      24 23         18 17        16        15          0
 * [ others' | listener no. | redirect | captured | hop's mark ]
 * </pre>
 *
 * <p>A hop's sockets carry the hop's mark alone. A connection that a hop captured carries, as its conntrack mark, the
 * captured bit, that hop's mark, and the number of the listener; TPROXY copies this into each packet. No other software
 * on the host may use these 24 bits: a foreign captured bit in a packet mark means that a hop leaves the packet alone.
 */
final class Marks {
    static final int MAX = 0xFFFF;
    static final int MAX_LISTENERS = 64;

    static final int CAPTURED = 0x1_0000;
    static final int REDIRECTED = 0x2_0000;

    /** Tells a hop's own connection from a captured one. */
    static final int SOCKET_MASK = CAPTURED | MAX;

    /** Tells what one hop captured in one way, whichever its listener. */
    static final int HOP_MASK = REDIRECTED | SOCKET_MASK;

    /** All bits that are ours. */
    static final int MASK = 0xFF_FFFF;

    static final int OTHERS = ~MASK;

    private Marks() {}

    static int diverted(int hop, int listener) {
        return listener << 18 | CAPTURED | hop;
    }

    static int redirected(int hop, int listener) {
        return REDIRECTED | diverted(hop, listener);
    }

    static String brief(int mark) {
        return "0x" + Integer.toHexString(mark);
    }

    /** As nft lists marks: with all eight digits. */
    static String text(int mark) {
        return "0x%08x".formatted(mark);
    }
}
