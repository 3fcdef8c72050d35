package dev.throughline.intercept;

/**
 * The layout of packet marks and connection marks, which all hops of a host share.
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
 * <p>A listener's socket has the mark of its replies, which accepted connections inherit. No other software on the host
 * may use these 24 bits: a captured bit that another program sets in a packet mark makes a hop ignore the packet.
 */
final class Marks {
    static final int MAX = 0xFFFF;
    static final int MAX_LISTENERS = 64;

    static final int CAPTURED = 0x1_0000;
    static final int REDIRECTED = 0x2_0000;

    /** Distinguishes a hop's own connections from captured ones. */
    static final int SOCKET_MASK = CAPTURED | MAX;

    /** Selects connections that one hop captured with one method, for any listener. */
    static final int HOP_MASK = REDIRECTED | SOCKET_MASK;

    /** All bits of hops. */
    static final int MASK = 0xFF_FFFF;

    static final int OTHERS = ~MASK;

    private Marks() {}

    /** Returns the packet mark and connection mark of connections that TPROXY delivers to a listener. */
    static int diverted(int hop, int listener) {
        return listener << 18 | CAPTURED | hop;
    }

    /** Returns the connection mark of connections that REDIRECT delivers to a listener. */
    static int redirected(int hop, int listener) {
        return REDIRECTED | diverted(hop, listener);
    }

    /** Returns the packet mark of a listener's replies. It equals {@link #redirected}, which is never a packet mark. */
    static int answer(int hop, int listener) {
        return REDIRECTED | diverted(hop, listener);
    }

    /**
     * Returns the connection mark if conntrack saw the hop's reply first, so that the application's packets are in its
     * "reply" direction.
     */
    static int reversed(int hop, int listener) {
        return listener << 18 | REDIRECTED | hop;
    }

    static String brief(int mark) {
        return "0x" + Integer.toHexString(mark);
    }

    /** Returns a mark in nft's format, with all eight digits. */
    static String text(int mark) {
        return "0x%08x".formatted(mark);
    }
}
