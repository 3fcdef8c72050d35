package dev.throughline.transport;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;

/**
 * Whether this host has an address from which it reaches another. The kernel answers connect(2) with EADDRNOTAVAIL if it
 * has none, and as well if it has no port left there. A datagram socket tells the two apart: its connect(2) chooses an
 * address in the same way, has ports of its own, and sends nothing.
 */
final class SourceAddress {
    private SourceAddress() {}

    static boolean existsFor(InetSocketAddress destination) {
        boolean ipv6 = destination.getAddress() instanceof Inet6Address;
        try (DatagramChannel probe =
                DatagramChannel.open(ipv6 ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET)) {
            probe.configureBlocking(false);
            return connects(probe, destination);
        } catch (IOException e) {
            // There is no descriptor for it, which says nothing of addresses.
            return true;
        }
    }

    private static boolean connects(DatagramChannel probe, InetSocketAddress destination) {
        try {
            probe.connect(destination);
            return true;
        } catch (IOException none) {
            return false;
        }
    }
}
