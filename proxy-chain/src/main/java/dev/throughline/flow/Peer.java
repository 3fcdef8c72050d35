package dev.throughline.flow;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A peer whose headers are counted together (SPEC.md, section 9): an IPv4 address, or an IPv6 network of 64 bits, since a host
 * with one address of such a network can use all of them. If this host's kernel knows the user who owns the connection, each
 * user of the address is a peer: otherwise one user could exhaust the failures that the previous hop may have. A peer on a Unix
 * socket is a user and has no address.
 */
record Peer(Optional<InetAddress> network, OptionalInt uid) {
    private static final int NETWORK_BYTES = 8;

    Peer(InetAddress network, OptionalInt uid) {
        this(Optional.of(network), uid);
    }

    static Peer of(AcceptedConnection connection, OptionalInt uid) {
        Optional<Tuple> socket = connection.connection();
        return new Peer(
                socket.isPresent() ? Optional.of(network(socket.get().source().getAddress())) : Optional.empty(), uid);
    }

    /** Returns the address, or for IPv6 its network of 64 bits. */
    static InetAddress network(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address;
        }
        byte[] bytes = address.getAddress();
        Arrays.fill(bytes, NETWORK_BYTES, bytes.length, (byte) 0);
        return Tuple.address(bytes);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Peer that && uid.equals(that.uid) && network.equals(that.network);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return 31 * network.hashCode() + uid.hashCode();
    }

    /**
     * Returns the form for logs, such as {@code 192.0.2.1}, {@code 2001:db8::/64}, {@code 127.0.0.1, user 1000} or {@code user
     * 1000}.
     */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        network.ifPresent(address -> parts.add(InetAddresses.toAddrString(address)
                + (address instanceof Inet6Address ? "/" + 8 * NETWORK_BYTES : "")));
        uid.ifPresent(user -> parts.add("user " + Integer.toUnsignedString(user)));
        return String.join(", ", parts);
    }
}
