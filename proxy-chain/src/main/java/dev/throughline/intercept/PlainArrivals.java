package dev.throughline.intercept;

import dev.throughline.flow.Arrival;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.Refused;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Way;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Connections that were made to the listener's own address. */
final class PlainArrivals implements Arrival.Origin {
    private final Way way;
    private final Optional<InetSocketAddress> destination;

    private PlainArrivals(Way way, Optional<InetSocketAddress> destination) {
        this.way = way;
        this.destination = destination;
    }

    /** From applications, for one destination; the kernel is asked who they are. */
    static PlainArrivals forwarding(InetSocketAddress destination) {
        return new PlainArrivals(Way.SOCKET, Optional.of(destination));
    }

    /** From previous hops, whose header says for which destination. */
    static PlainArrivals ofPreviousHops() {
        return new PlainArrivals(Way.SOCKET, Optional.empty());
    }

    /** From proxies, whose unsigned header says for which destination. */
    static PlainArrivals ofProxies() {
        return new PlainArrivals(Way.PROXY_HEADER, Optional.empty());
    }

    @Override
    public Arrival of(DuplexChannel connection) {
        InetSocketAddress here = (InetSocketAddress) connection.localAddress();
        InetSocketAddress source = (InetSocketAddress) connection.remoteAddress();
        if (here == null || source == null) {
            throw new Refused(CloseReason.NO_TRUE_SOURCE, "the connection was gone before it was looked at");
        }
        Tuple socket = Tuple.tcp(source, here);
        return new Arrival.Tcp(
                way, socket, destination.map(d -> asked(source, d)).orElse(socket), destination.isPresent());
    }

    private static Tuple asked(InetSocketAddress source, InetSocketAddress destination) {
        try {
            return Tuple.tcp(source, destination);
        } catch (IllegalArgumentException e) {
            throw new Refused(
                    CloseReason.NO_ORIGINAL_DESTINATION,
                    "a flow has one address family: " + Tuple.text(source) + " can't ask for "
                            + Tuple.text(destination));
        }
    }
}
