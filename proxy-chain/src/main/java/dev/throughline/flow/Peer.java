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
 * Whose headers are counted together (SPEC.md, section 9): those of an IPv4 address, or of an IPv6 network of 64 bits, since
 * who has one address of such a network has them all. Where this host's kernel has said which user holds the
 * connection, those of that user there: otherwise one user of a host could use up what the previous hop may fail. A peer on
 * a Unix socket is a user and has no address.
 */
record Peer(Optional<InetAddress> network, OptionalInt uid) {
    private static final int NETWORK_BYTES = 8;

    Peer(InetAddress network, OptionalInt uid) {
        this(Optional.of(network), uid);
    }

    static Peer of(AcceptedConnection arrival, OptionalInt uid) {
        return new Peer(
                arrival.connection().map(socket -> network(socket.source().getAddress())), uid);
    }

    /** An address as far as it tells one from another: of IPv6 the first half. */
    static InetAddress network(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (address instanceof Inet6Address) {
            Arrays.fill(bytes, NETWORK_BYTES, bytes.length, (byte) 0);
        }
        return Tuple.address(bytes);
    }

    /** Such as {@code 192.0.2.1}, {@code 2001:db8::/64}, {@code 127.0.0.1, user 1000} or {@code user 1000}. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        network.ifPresent(address -> parts.add(InetAddresses.toAddrString(address)
                + (address instanceof Inet6Address ? "/" + 8 * NETWORK_BYTES : "")));
        uid.ifPresent(user -> parts.add("user " + Integer.toUnsignedString(user)));
        return String.join(", ", parts);
    }
}
