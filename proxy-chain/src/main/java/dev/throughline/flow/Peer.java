package dev.throughline.flow;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Whose headers are counted together (SPEC.md, section 9): those of an IPv4 address, or of an IPv6 network of 64 bits, since
 * one who has one address of such a network has them all. Where this host's kernel has said which user holds the connection, those
 * of that user, from all addresses: otherwise one user could use up what the previous hop may fail, or have as much again from each
 * address of 127.0.0.0/8.
 */
record Peer(Optional<InetAddress> network, OptionalInt uid) {
    private static final int NETWORK_BYTES = 8;

    /** A user of this host. */
    static Peer user(int uid) {
        return new Peer(Optional.empty(), OptionalInt.of(uid));
    }

    /** Everybody at an address. */
    static Peer at(InetAddress address) {
        return new Peer(Optional.of(network(address)), OptionalInt.empty());
    }

    static Peer of(Arrival arrival, OptionalInt uid) {
        return uid.isPresent()
                ? user(uid.getAsInt())
                : arrival.connection()
                        .map(socket -> at(socket.source().getAddress()))
                        .orElseGet(() -> new Peer(Optional.empty(), uid));
    }

    /** An address as far as it tells one from another: of IPv6 the first half. */
    static InetAddress network(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (address instanceof Inet6Address) {
            Arrays.fill(bytes, NETWORK_BYTES, bytes.length, (byte) 0);
        }
        return Tuple.address(bytes);
    }

    /** Such as {@code 192.0.2.1}, {@code 2001:db8::/64} or {@code user 1000}. */
    @Override
    public String toString() {
        return network.map(address -> InetAddresses.toAddrString(address)
                        + (address instanceof Inet6Address ? "/" + 8 * NETWORK_BYTES : ""))
                .orElseGet(() -> uid.isPresent() ? "user " + Integer.toUnsignedString(uid.getAsInt()) : "unknown");
    }
}
