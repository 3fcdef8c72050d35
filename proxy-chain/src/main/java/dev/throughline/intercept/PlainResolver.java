package dev.throughline.intercept;

import dev.throughline.engine.Connection;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import java.net.InetSocketAddress;
import java.util.Optional;

/** The resolver for connections to the listener's own address. */
final class PlainResolver implements AcceptedConnection.Resolver {
    private final InterceptionMethod method;
    private final Optional<InetSocketAddress> destination;

    private PlainResolver(InterceptionMethod method, Optional<InetSocketAddress> destination) {
        this.method = method;
        this.destination = destination;
    }

    /** Returns a resolver for connections of applications, which the kernel identifies, to a fixed destination. */
    static PlainResolver forwarding(InetSocketAddress destination) {
        return new PlainResolver(InterceptionMethod.SOCKET, Optional.of(destination));
    }

    /** Returns a resolver for connections of previous hops, whose header has the destination. */
    static PlainResolver ofPreviousHops() {
        return new PlainResolver(InterceptionMethod.SOCKET, Optional.empty());
    }

    /** Returns a resolver for connections of proxies, whose unsigned header has the destination. */
    static PlainResolver ofProxies() {
        return new PlainResolver(InterceptionMethod.PROXY_HEADER, Optional.empty());
    }

    @Override
    public AcceptedConnection of(Connection connection) {
        Tuple ends = connection
                .acceptedAddresses()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.NO_TRUE_SOURCE, "the connection closed before it could be examined"));
        InetSocketAddress here = ends.destination();
        InetSocketAddress source = ends.source();
        Tuple socket = Tuple.tcp(source, here);
        return new AcceptedConnection.Tcp(
                method, socket, destination.map(d -> flow(source, d)).orElse(socket), destination.isPresent());
    }

    private static Tuple flow(InetSocketAddress source, InetSocketAddress destination) {
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
