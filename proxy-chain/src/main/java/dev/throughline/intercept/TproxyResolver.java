package dev.throughline.intercept;

import dev.throughline.engine.Connection;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.platform.linux.Conntrack;
import dev.throughline.platform.linux.OsException;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * The resolver for connections that local TPROXY delivered (Linux, Documentation/networking/tproxy.rst). TPROXY
 * translates no addresses: the accepted socket's local address is the destination, and its peer address the source.
 * Docker (published ports) or kube-proxy (services) may have translated either before; conntrack's original tuple has
 * the application's own addresses.
 */
final class TproxyResolver implements AcceptedConnection.Resolver {
    private final int port;
    private final Conntrack conntrack;

    /** @param port of the listener, on the loopback addresses */
    TproxyResolver(int port, Conntrack conntrack) {
        this.port = port;
        this.conntrack = conntrack;
    }

    @Override
    public AcceptedConnection of(Connection connection) {
        Tuple ends = connection
                .acceptedAddresses()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.NO_ORIGINAL_DESTINATION, "the connection closed before it could be examined"));
        InetSocketAddress destination = ends.destination();
        if (destination.getPort() == port && destination.getAddress().isLoopbackAddress()) {
            throw new FlowRejectedException(
                    CloseReason.NOT_INTERCEPTED, "connected to the listener " + Tuple.text(destination));
        }
        Tuple socket = original(ends);
        return new AcceptedConnection.Tcp(
                InterceptionMethod.TPROXY, socket, Tuple.tcp(socket.source(), destination), true);
    }

    /**
     * An untracked connection has no address translation. Without translation, the result has the source object of {@link #hint},
     * by which the process identifier finds its record.
     */
    private Tuple original(Tuple ends) {
        try {
            Optional<Tuple> known = conntrack.original(ends.destination(), ends.source());
            return known.isEmpty() || known.get().equals(ends) ? ends : known.get();
        } catch (OsException e) {
            return ends;
        }
    }
}
