package dev.throughline.flow;

import dev.throughline.header.Tuple;
import dev.throughline.identify.UnixPeer;
import dev.throughline.originator.InterceptionMethod;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.Optional;

/** How a connection came in, as the kernel has it. */
public sealed interface AcceptedConnection {
    /** How it was brought here. */
    InterceptionMethod way();

    /** Whether the other end is on this host, so that the kernel can say who holds it. */
    boolean local();

    /** The other end's own socket, and where it thinks it is connected to; a Unix socket has no addresses. */
    Optional<Tuple> connection();

    /** This, which a listener on an address has taken. */
    default Tcp tcp() {
        return (Tcp) this;
    }

    /**
     * By TCP.
     *
     * @param socket the other end's own socket: its true source, and where it thinks it is connected to
     * @param asked the flow: its source, and the destination that it wants
     */
    record Tcp(InterceptionMethod way, Tuple socket, Tuple asked, boolean local) implements AcceptedConnection {
        @Override
        public Optional<Tuple> connection() {
            return Optional.of(socket);
        }
    }

    /**
     * Over a Unix socket; the peer says which flow it is.
     *
     * @param peer who connected
     */
    record Unix(UnixPeer peer) implements AcceptedConnection {
        @Override
        public InterceptionMethod way() {
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

    /** Finds out how a connection came in. */
    interface Resolver {
        /**
         * How {@code connection} came.
         *
         * @throws FlowRejectedException if the source or the destination can't be established: neither is ever guessed
         */
        AcceptedConnection of(DuplexChannel connection);

        /**
         * The other end's own socket as far as the connection itself shows it, without asking anything else: it says which user's turn it is,
         * and decides nothing. Empty if the connection has no addresses.
         */
        default Optional<Tuple> hint(DuplexChannel connection) {
            return connection.remoteAddress() instanceof InetSocketAddress source
                            && connection.localAddress() instanceof InetSocketAddress destination
                    ? Optional.of(Tuple.tcp(source, destination))
                    : Optional.empty();
        }
    }
}
