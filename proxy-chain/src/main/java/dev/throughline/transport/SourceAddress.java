package dev.throughline.transport;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;

/**
 * A check of whether this host has a source address for a destination. connect(2) returns EADDRNOTAVAIL both without a source
 * address and without a free source port. A datagram socket distinguishes the two: its connect(2) chooses an address in the
 * same way, uses ports of its own, and sends nothing.
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
            // No descriptor is left for the probe, which doesn't mean that no address is.
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
