package dev.throughline.intercept;

import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Connections that were made to the listener's own address. */
final class PlainResolver implements AcceptedConnection.Resolver {
    private final InterceptionMethod way;
    private final Optional<InetSocketAddress> destination;

    private PlainResolver(InterceptionMethod way, Optional<InetSocketAddress> destination) {
        this.way = way;
        this.destination = destination;
    }

    /** From applications, for one destination; the kernel is asked who they are. */
    static PlainResolver forwarding(InetSocketAddress destination) {
        return new PlainResolver(InterceptionMethod.SOCKET, Optional.of(destination));
    }

    /** From previous hops, whose header says for which destination. */
    static PlainResolver ofPreviousHops() {
        return new PlainResolver(InterceptionMethod.SOCKET, Optional.empty());
    }

    /** From proxies, whose unsigned header says for which destination. */
    static PlainResolver ofProxies() {
        return new PlainResolver(InterceptionMethod.PROXY_HEADER, Optional.empty());
    }

    @Override
    public AcceptedConnection of(DuplexChannel connection) {
        InetSocketAddress here = (InetSocketAddress) connection.localAddress();
        InetSocketAddress source = (InetSocketAddress) connection.remoteAddress();
        if (here == null || source == null) {
            throw new FlowRejectedException(
                    CloseReason.NO_TRUE_SOURCE, "the connection was gone before it was looked at");
        }
        Tuple socket = Tuple.tcp(source, here);
        return new AcceptedConnection.Tcp(
                way, socket, destination.map(d -> asked(source, d)).orElse(socket), destination.isPresent());
    }

    private static Tuple asked(InetSocketAddress source, InetSocketAddress destination) {
        try {
            return Tuple.tcp(source, destination);
        } catch (IllegalArgumentException e) {
            throw new FlowRejectedException(
                    CloseReason.NO_ORIGINAL_DESTINATION,
                    "a flow has one address family: " + Tuple.text(source) + " can't ask for "
                            + Tuple.text(destination));
        }
    }
}
