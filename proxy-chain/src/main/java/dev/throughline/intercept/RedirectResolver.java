package dev.throughline.intercept;

import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.platform.linux.Conntrack;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The resolver for connections that nft REDIRECT delivered. REDIRECT is NAT: it replaces the destination, and may
 * replace the source port if two sockets share one towards different destinations. So both addresses are taken from
 * conntrack's original tuple, not from the accepted socket.
 */
final class RedirectResolver implements AcceptedConnection.Resolver {
    private static final int SOL_IP = 0;
    private static final int SOL_IPV6 = 41;
    /** SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST (linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h). */
    private static final int ORIGINAL_DESTINATION = 80;

    private static final int SOCKADDR_IN_BYTES = 16;
    private static final int SOCKADDR_IN6_BYTES = 28;

    private final int port;
    private final Conntrack conntrack;
    private final StrandedSockets stranded;

    /** @param port of the listener, on the loopback addresses */
    RedirectResolver(int port, Conntrack conntrack, StrandedSockets stranded) {
        this.port = port;
        this.conntrack = conntrack;
        this.stranded = stranded;
    }

    @Override
    public Optional<Tuple> hint(AcceptedSocket connection) {
        Optional<InetSocketAddress> source = connection.remoteAddress();
        if (source.isEmpty()) {
            return Optional.empty();
        }
        boolean isIpv4 = source.get().getAddress() instanceof Inet4Address;
        ByteBuffer address = ByteBuffer.wrap(new byte[isIpv4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES]);
        try {
            connection.option(isIpv4 ? SOL_IP : SOL_IPV6, ORIGINAL_DESTINATION, address);
            return Optional.of(Tuple.tcp(source.get(), socketAddress(address.clear(), isIpv4)));
        } catch (IOException e) {
            // The connection closed, or conntrack has forgotten it.
            return Optional.empty();
        }
    }

    /** struct sockaddr_in and sockaddr_in6: port at 2, address at 4 or 8. */
    private static InetSocketAddress socketAddress(ByteBuffer bytes, boolean isIpv4) {
        byte[] address = new byte[isIpv4 ? 4 : 16];
        bytes.get(isIpv4 ? 4 : 8, address);
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(address),
                    Short.toUnsignedInt(bytes.order(ByteOrder.BIG_ENDIAN).getShort(2)));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + address.length + " bytes", e);
        }
    }

    @Override
    public AcceptedConnection of(Connection connection) {
        Tuple ends = connection
                .acceptedAddresses()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.NO_ORIGINAL_DESTINATION, "the connection closed before it could be examined"));
        InetSocketAddress listener = ends.destination();
        InetSocketAddress peer = ends.source();
        Optional<Tuple> known;
        try {
            known = conntrack.original(listener, peer);
        } catch (IOException e) {
            throw new FlowRejectedException(CloseReason.NO_TRUE_SOURCE, String.valueOf(e.getMessage()));
        }
        if (known.isEmpty()) {
            stranded.unknown(peer);
            throw new FlowRejectedException(
                    CloseReason.NO_TRUE_SOURCE,
                    "conntrack doesn't know " + Tuple.text(peer) + " to " + Tuple.text(listener));
        }
        // Usually the source wasn't translated. Then it is the object of the hint, by which the process identifier
        // finds its record.
        Tuple original =
                known.get().source().equals(peer) ? Tuple.tcp(peer, known.get().destination()) : known.get();
        InetSocketAddress destination = original.destination();
        if (destination.getPort() == port && destination.getAddress().isLoopbackAddress()) {
            throw new FlowRejectedException(
                    CloseReason.NOT_INTERCEPTED, "connected to the listener " + Tuple.text(destination));
        }
        return new AcceptedConnection.Tcp(InterceptionMethod.REDIRECT, original, original, true);
    }
}
