package dev.throughline.header;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * The IPv4 addresses that were read lately, so that all flows share an object for each: most flows of a hop have few addresses, and
 * several copies of each. An address may replace another one. Thread-safe without locks.
 */
final class KnownAddresses {
    private static final int HASH_BITS = 8;

    /** Immutable, so that threads may exchange it through an array. */
    private static final class Known {
        private final int bits;
        private final InetAddress address;

        Known(int bits, InetAddress address) {
            this.bits = bits;
            this.address = address;
        }
    }

    private static final @Nullable Known[] KNOWN = new Known[1 << HASH_BITS];

    private KnownAddresses() {}

    /** Returns the address of these four bytes. */
    static InetAddress ipv4(byte[] bytes) throws UnknownHostException {
        int bits = bytes[0] << 24 | (bytes[1] & 0xFF) << 16 | (bytes[2] & 0xFF) << 8 | (bytes[3] & 0xFF);
        int at = (bits * 0x9E3779B9) >>> (Integer.SIZE - HASH_BITS);
        Known last = KNOWN[at];
        if (last != null && last.bits == bits) {
            return last.address;
        }
        InetAddress address = InetAddress.getByAddress(bytes);
        KNOWN[at] = new Known(bits, address);
        return address;
    }
}
