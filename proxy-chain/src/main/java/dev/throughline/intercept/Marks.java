package dev.throughline.intercept;

/**
 * The bits of a packet mark and of a connection mark that hops of one host share.
 *
 * <pre>
 * 31      24 23         18 17        16        15          0
 * [ others' | listener no. | redirect | captured | hop's mark ]
 * </pre>
 *
 * <table>
 * <caption>How the two middle bits are used</caption>
 * <tr><th>captured</th><th>redirect</th><th>in a packet mark</th><th>in a connection mark</th></tr>
 * <tr><td>0</td><td>0</td><td>a connection that the hop opened</td><td>not captured</td></tr>
 * <tr><td>1</td><td>0</td><td>diverted to the hop</td><td>captured by TPROXY</td></tr>
 * <tr><td>1</td><td>1</td><td>an answer of the hop's listener</td><td>captured by REDIRECT</td></tr>
 * <tr><td>0</td><td>1</td><td>unused</td><td>captured by TPROXY, but conntrack saw the hop's answer first</td></tr>
 * </table>
 *
 * <p>A listener's socket carries the mark of its answers, and the connections that it accepts inherit that. No other
 * software on the host may use these 24 bits: a foreign captured bit in a packet mark means that a hop leaves the packet
 * alone.
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

    /** The packet mark and the connection mark of what TPROXY brings to a listener. */
    static int diverted(int hop, int listener) {
        return listener << 18 | CAPTURED | hop;
    }

    /** The connection mark of what REDIRECT brings to a listener. */
    static int redirected(int hop, int listener) {
        return REDIRECTED | diverted(hop, listener);
    }

    /** The packet mark of what a listener answers; the value is that of {@link #redirected}, which no packet carries. */
    static int answer(int hop, int listener) {
        return REDIRECTED | diverted(hop, listener);
    }

    /** The connection mark where conntrack took the hop's answer for the first packet: the application is its "reply". */
    static int reversed(int hop, int listener) {
        return listener << 18 | REDIRECTED | hop;
    }

    static String brief(int mark) {
        return "0x" + Integer.toHexString(mark);
    }

    /** As nft lists marks: with all eight digits. */
    static String text(int mark) {
        return "0x%08x".formatted(mark);
    }
}
