package dev.throughline.policy;

import com.google.common.collect.ImmutableSet;
import com.google.common.net.InetAddresses;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * The addresses that are equivalent to a destination. A rule about an address must hold for all notations of it:
 * IPv4-mapped (RFC 4291, section 2.5.5.2), NAT64 (RFC 6052, 64:ff9b::/96), and 0.0.0.0 or ::, with which Linux connects
 * to this host (ip(7)).
 */
final class DestinationMeanings {
    private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xFF, (byte) 0xFF};
    private static final byte[] NAT64 = {0, 0x64, (byte) 0xFF, (byte) 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final int PREFIX_BYTES = 12;
    private static final InetAddress LOOPBACK_IPV4 = InetAddresses.forString("127.0.0.1");
    private static final InetAddress LOOPBACK_IPV6 = InetAddresses.forString("::1");

    private DestinationMeanings() {}

    /** Returns the address and its equivalents. */
    static ImmutableSet<InetAddress> of(InetAddress address) {
        ImmutableSet.Builder<InetAddress> meanings =
                ImmutableSet.<InetAddress>builder().add(address);
        InetAddress inside = embedded(address);
        meanings.add(inside);
        if (inside.isAnyLocalAddress()) {
            meanings.add(inside instanceof Inet4Address ? LOOPBACK_IPV4 : LOOPBACK_IPV6);
        }
        return meanings.build();
    }

    private static InetAddress embedded(InetAddress address) {
        byte[] bytes = address.getAddress();
        boolean embeds = bytes.length > PREFIX_BYTES && (startsWith(bytes, MAPPED) || startsWith(bytes, NAT64));
        try {
            return embeds ? InetAddress.getByAddress(Arrays.copyOfRange(bytes, PREFIX_BYTES, bytes.length)) : address;
        } catch (UnknownHostException e) {
            throw new AssertionError("four bytes are an address", e);
        }
    }

    private static boolean startsWith(byte[] address, byte[] prefix) {
        return Arrays.equals(address, 0, PREFIX_BYTES, prefix, 0, PREFIX_BYTES);
    }
}
