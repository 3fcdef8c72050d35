package dev.throughline.intercept;

import dev.throughline.flow.Arrival;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.Refused;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Way;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;

/**
 * Connections that local TPROXY brought (Linux, Documentation/networking/tproxy.rst). Nothing is translated: the accepted
 * socket's own address is the original destination and its peer the true source.
 */
final class TproxyArrivals implements Arrival.Origin {
    private final int port;

    /** @param port of the listener, on the loopback addresses */
    TproxyArrivals(int port) {
        this.port = port;
    }

    @Override
    public Arrival of(DuplexChannel connection) {
        InetSocketAddress destination = (InetSocketAddress) connection.localAddress();
        InetSocketAddress source = (InetSocketAddress) connection.remoteAddress();
        if (destination == null || source == null) {
            throw new Refused(CloseReason.NO_ORIGINAL_DESTINATION, "the connection was gone before it was looked at");
        }
        if (destination.getPort() == port && destination.getAddress().isLoopbackAddress()) {
            throw new Refused(CloseReason.NOT_INTERCEPTED, "connected to the listener " + Tuple.text(destination));
        }
        Tuple tuple = Tuple.tcp(source, destination);
        return new Arrival.Tcp(Way.TPROXY, tuple, tuple, true);
    }
}
