package dev.throughline.flow;

import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.header.Tuple;
import dev.throughline.identify.UnixPeer;
import dev.throughline.originator.InterceptionMethod;
import java.net.InetSocketAddress;
import java.util.Optional;

/** An accepted connection with the addresses that the kernel has for it. */
public sealed interface AcceptedConnection {
    /** Returns how it was intercepted. */
    InterceptionMethod method();

    /** Returns whether the other end is on this host, so that the kernel knows the process that owns it. */
    boolean local();

    /** Returns the addresses of the peer's socket, as the peer sees them. A Unix socket has none. */
    Optional<Tuple> connection();

    /** Casts a connection that a listener on an address has accepted. */
    default Tcp tcp() {
        return (Tcp) this;
    }

    /**
     * A TCP connection.
     *
     * @param socket the peer's socket: its true source, and the destination that it connected to
     * @param original the flow: its source and its original destination
     */
    record Tcp(InterceptionMethod method, Tuple socket, Tuple original, boolean local) implements AcceptedConnection {
        @Override
        public Optional<Tuple> connection() {
            return Optional.of(socket);
        }
    }

    /**
     * A connection over a Unix socket, whose peer names the flow.
     *
     * @param peer the process that connected
     */
    record Unix(UnixPeer peer) implements AcceptedConnection {
        @Override
        public InterceptionMethod method() {
            return InterceptionMethod.UNIX_BRIDGE;
        }

        @Override
        public boolean local() {
            return true;
        }

        @Override
        public Optional<Tuple> connection() {
            return Optional.empty();
        }
    }

    /** A lookup of the original destination of a connection. */
    interface Resolver {
        /**
         * Asks the kernel about {@code connection}.
         *
         * @throws FlowRejectedException if source or destination are unknown: neither is ever guessed
         */
        AcceptedConnection of(Connection connection);

        /**
         * Returns the addresses of the peer's socket as far as the connection shows them without further lookups. They only
         * choose the queue in which the connection waits. Empty if the connection has no addresses.
         */
        default Optional<Tuple> hint(AcceptedSocket connection) {
            Optional<InetSocketAddress> source = connection.remoteAddress();
            Optional<InetSocketAddress> destination = connection.localAddress();
            return source.isPresent() && destination.isPresent()
                    ? Optional.of(Tuple.tcp(source.get(), destination.get()))
                    : Optional.empty();
        }
    }
}
