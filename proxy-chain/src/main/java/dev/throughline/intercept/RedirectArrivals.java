package dev.throughline.intercept;

import dev.throughline.flow.Arrival;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.Refused;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Way;
import dev.throughline.os.Conntrack;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Connections that nft REDIRECT brought. That is address translation: it replaces the destination and may replace the
 * source port, when two sockets share one towards different destinations. So neither end of the accepted socket is
 * believed; both come from the kernel's own record of the translation, conntrack's original tuple.
 */
final class RedirectArrivals implements Arrival.Origin {
    private final int port;
    private final Conntrack conntrack;
    private final StrandedSockets stranded;

    /** @param port of the listener, on the loopback addresses */
    RedirectArrivals(int port, Conntrack conntrack, StrandedSockets stranded) {
        this.port = port;
        this.conntrack = conntrack;
        this.stranded = stranded;
    }

    @Override
    public Arrival of(DuplexChannel connection) {
        InetSocketAddress listener = (InetSocketAddress) connection.localAddress();
        InetSocketAddress peer = (InetSocketAddress) connection.remoteAddress();
        if (listener == null || peer == null) {
            throw new Refused(CloseReason.NO_ORIGINAL_DESTINATION, "the connection was gone before it was looked at");
        }
        Optional<Tuple> known;
        try {
            known = conntrack.original(listener, peer);
        } catch (IOException e) {
            throw new Refused(CloseReason.NO_TRUE_SOURCE, String.valueOf(e.getMessage()));
        }
        if (known.isEmpty()) {
            stranded.unknown(peer);
            throw new Refused(
                    CloseReason.NO_TRUE_SOURCE,
                    "conntrack doesn't know " + Tuple.text(peer) + " to " + Tuple.text(listener));
        }
        Tuple original = known.get();
        InetSocketAddress destination = original.destination();
        if (destination.getPort() == port && destination.getAddress().isLoopbackAddress()) {
            throw new Refused(CloseReason.NOT_INTERCEPTED, "connected to the listener " + Tuple.text(destination));
        }
        return new Arrival.Tcp(Way.REDIRECT, original, original, true);
    }
}
