package dev.throughline.header;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * The addresses and ports of a flow with its transport. Both ends have the same family, and an IPv4 address is never written as
 * an IPv4-mapped IPv6 address: a flow has one form, so that flows can be compared.
 *
 * @param transport protocol, and family of both ends
 * @param source the end that opened the flow
 * @param destination the other end
 */
public record Tuple(TransportProtocol transport, InetSocketAddress source, InetSocketAddress destination) {
    /**
     * Checks that the families match, and drops zones of IPv6 addresses, which mean nothing on another host.
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
     * Returns the tuple of a TCP flow.
     *
     * @param source the end that opened it
     * @param destination the other end
     * @return the tuple, with the family of the addresses
     * @throws IllegalArgumentException if the two are of different families, or not resolved
     */
    public static Tuple tcp(InetSocketAddress source, InetSocketAddress destination) {
        return new Tuple(isIpv6(source) ? TransportProtocol.TCP6 : TransportProtocol.TCP4, source, destination);
    }

    /** {@return source address, destination address, source port, destination port: 12 or 36 bytes, network order} */
    public byte[] encode() {
        byte[] from = source.getAddress().getAddress();
        byte[] to = destination.getAddress().getAddress();
        byte[] out = Arrays.copyOf(from, transport.addressBytes());
        System.arraycopy(to, 0, out, from.length, to.length);
        int ports = from.length + to.length;
        out[ports] = (byte) (source.getPort() >> 8);
        out[ports + 1] = (byte) source.getPort();
        out[ports + 2] = (byte) (destination.getPort() >> 8);
        out[ports + 3] = (byte) destination.getPort();
        return out;
    }

    /**
     * Writes the bytes that {@link #encode} returns.
     *
     * @param out a buffer with space for 12 or 36 bytes
     */
    public void writeTo(ByteBuffer out) {
        out.put(source.getAddress().getAddress())
                .put(destination.getAddress().getAddress())
                .putShort((short) source.getPort())
                .putShort((short) destination.getPort());
    }

    /**
     * Reads the bytes that {@link #encode} writes.
     *
     * @param transport the transport, which determines the size: 12 or 36 bytes
     * @param bytes at least that many bytes
     * @return the tuple
     * @throws IllegalArgumentException for an IPv4-mapped IPv6 address, which would be a second form of a flow
     */
    public static Tuple decode(TransportProtocol transport, Bytes bytes) {
        int size = transport.isIpv6() ? 16 : 4;
        return new Tuple(transport, endpoint(bytes, 0, size, 2 * size), endpoint(bytes, size, size, 2 * size + 2));
    }

    /** Reads a tuple in which IPv4 addresses may be mapped to IPv6. Empty if only one end is. */
    static Optional<Tuple> decodeMapped(TransportProtocol transport, Bytes bytes) {
        int size = transport.isIpv6() ? 16 : 4;
        InetSocketAddress source = mapped(bytes, 0, size, 2 * size);
        InetSocketAddress destination = mapped(bytes, size, size, 2 * size + 2);
        return isIpv6(source) == isIpv6(destination)
                ? Optional.of(new Tuple(transport.ofFamily(isIpv6(source)), source, destination))
                : Optional.empty();
    }

    private static InetSocketAddress mapped(Bytes bytes, int at, int size, int portAt) {
        try {
            // The JDK turns ::ffff:a.b.c.d into an Inet4Address.
            return new InetSocketAddress(
                    InetAddress.getByAddress(bytes.part(at, size).toByteArray()),
                    bytes.at(portAt) << 8 | bytes.at(portAt + 1));
        } catch (UnknownHostException e) {
            throw new AssertionError("an address has 4 or 16 bytes", e);
        }
    }

    private static InetSocketAddress endpoint(Bytes bytes, int at, int size, int portAt) {
        return new InetSocketAddress(address(bytes.toByteArray(at, size)), (int) bytes.number(portAt, 2));
    }

    /**
     * Reads one address.
     *
     * @param bytes 4 or 16 bytes
     * @return the address, without a zone
     * @throws IllegalArgumentException for another size, or an IPv4-mapped IPv6 address
     */
    public static InetAddress address(byte[] bytes) {
        try {
            if (bytes.length == 4) {
                return KnownAddresses.ipv4(bytes);
            }
            InetAddress address = InetAddress.getByAddress(bytes);
            // The JDK turns ::ffff:a.b.c.d into an Inet4Address, so the length shows that it was mapped.
            checkArgument(address instanceof Inet6Address, "an IPv4-mapped IPv6 address must be sent as IPv4");
            return address;
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + bytes.length, e);
        }
    }

    /**
     * Returns the text form, {@code 192.0.2.1:80} or {@code [2001:db8::1]:80}.
     *
     * @param endpoint a resolved address
     * @return address and port, as in a URI
     */
    public static String text(InetSocketAddress endpoint) {
        return InetAddresses.toUriString(endpoint.getAddress()) + ":" + endpoint.getPort();
    }

    /**
     * Parses the text that {@link #text} writes.
     *
     * @param endpoint an address (not a host name) and a port from 1 to 65535
     * @return both
     * @throws IllegalArgumentException for any other text, with the expected form
     */
    public static InetSocketAddress endpoint(String endpoint) {
        try {
            HostAndPort parts = HostAndPort.fromString(endpoint);
            InetAddress address = InetAddresses.forString(parts.getHost());
            checkArgument(parts.getPort() > 0, "port 0");
            return new InetSocketAddress(address, parts.getPort());
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new IllegalArgumentException(
                    "expected an address and port such as 192.0.2.1:443 or [2001:db8::1]:443, found \"" + endpoint
                            + "\"",
                    e);
        }
    }

    private static boolean isIpv6(InetSocketAddress endpoint) {
        return endpoint.getAddress() instanceof Inet6Address;
    }

    /** Removes the zone: it names an interface of this host and means nothing to the next one. */
    private static InetSocketAddress withoutZone(InetSocketAddress endpoint) {
        if (endpoint.getAddress() instanceof Inet6Address address && address.getScopeId() != 0) {
            return new InetSocketAddress(address(address.getAddress()), endpoint.getPort());
        }
        return endpoint;
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Tuple that
                && transport == that.transport
                && source.equals(that.source)
                && destination.equals(that.destination);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return 31 * (31 * transport.hashCode() + source.hashCode()) + destination.hashCode();
    }

    @Override
    public String toString() {
        return text(source) + " -> " + text(destination);
    }
}
