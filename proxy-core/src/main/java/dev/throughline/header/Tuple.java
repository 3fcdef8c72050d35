package dev.throughline.header;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.net.InetAddresses;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The 4-tuple of a flow with its transport. Both ends have the same family, and an IPv4 address is never written as an
 * IPv4-mapped IPv6 address: one flow has one spelling, so that comparing tuples compares flows.
 *
 * @param transport whose family is that of both ends
 * @param source who opened the flow
 * @param destination to whom
 */
public record Tuple(Transport transport, InetSocketAddress source, InetSocketAddress destination) {
    /**
     * Checks that the three belong together, and drops zones of IPv6 addresses, which mean nothing on another host.
     *
     * @throws IllegalArgumentException for an unresolved name, or an end of the other family
     */
    public Tuple {
        checkArgument(!source.isUnresolved() && !destination.isUnresolved(), "a tuple holds addresses, not names");
        source = withoutZone(source);
        destination = withoutZone(destination);
        boolean ipv6 = transport.isIpv6();
        checkArgument(
                isIpv6(source) == ipv6 && isIpv6(destination) == ipv6, "both ends must be of the transport's family");
    }

    /**
     * A TCP flow; its family is that of the addresses.
     *
     * @param source who opened it
     * @param destination to whom
     * @return the flow
     * @throws IllegalArgumentException if the two are of different families, or not resolved
     */
    public static Tuple tcp(InetSocketAddress source, InetSocketAddress destination) {
        return new Tuple(isIpv6(source) ? Transport.TCP6 : Transport.TCP4, source, destination);
    }

    /** {@return source address, destination address, source port, destination port: 12 or 36 bytes, network order} */
    public byte[] encode() {
        return ByteBuffer.allocate(transport.addressBytes())
                .put(source.getAddress().getAddress())
                .put(destination.getAddress().getAddress())
                .putShort((short) source.getPort())
                .putShort((short) destination.getPort())
                .array();
    }

    /**
     * Reads what {@link #encode} writes.
     *
     * @param transport decides how many bytes are read: 12 or 36
     * @param bytes where they are
     * @param offset of the first, from 0
     * @return the flow
     * @throws IllegalArgumentException for an IPv4-mapped IPv6 address, which would be a second spelling of a flow
     */
    public static Tuple decode(Transport transport, byte[] bytes, int offset) {
        int size = transport.isIpv6() ? 16 : 4;
        ByteBuffer ports = ByteBuffer.wrap(bytes, offset + 2 * size, 4);
        InetAddress source = address(bytes, offset, size);
        InetAddress destination = address(bytes, offset + size, size);
        return new Tuple(
                transport,
                new InetSocketAddress(source, Short.toUnsignedInt(ports.getShort())),
                new InetSocketAddress(destination, Short.toUnsignedInt(ports.getShort())));
    }

    /**
     * Reads one address.
     *
     * @param bytes where it is
     * @param offset of its first byte, from 0
     * @param size 4 or 16 bytes
     * @return the address, without a zone
     * @throws IllegalArgumentException for another size, or an IPv4-mapped IPv6 address
     */
    public static InetAddress address(byte[] bytes, int offset, int size) {
        try {
            InetAddress address = InetAddress.getByAddress(Arrays.copyOfRange(bytes, offset, offset + size));
            // The JDK turns ::ffff:a.b.c.d into an Inet4Address, whose length then gives it away.
            checkArgument(address.getAddress().length == size, "an IPv4-mapped IPv6 address must be sent as IPv4");
            return address;
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + size, e);
        }
    }

    /**
     * {@code 192.0.2.1:80} or {@code [2001:db8::1]:80}.
     *
     * @param endpoint resolved
     * @return address and port, as in a URI
     */
    public static String text(InetSocketAddress endpoint) {
        return InetAddresses.toUriString(endpoint.getAddress()) + ":" + endpoint.getPort();
    }

    private static boolean isIpv6(InetSocketAddress endpoint) {
        return endpoint.getAddress() instanceof Inet6Address;
    }

    /** A zone names an interface of this host and means nothing to the next one; it isn't part of the address. */
    private static InetSocketAddress withoutZone(InetSocketAddress endpoint) {
        if (endpoint.getAddress() instanceof Inet6Address address && address.getScopeId() != 0) {
            return new InetSocketAddress(address(address.getAddress(), 0, 16), endpoint.getPort());
        }
        return endpoint;
    }

    @Override
    public String toString() {
        return text(source) + " -> " + text(destination);
    }
}
