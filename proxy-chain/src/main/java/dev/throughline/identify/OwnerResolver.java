package dev.throughline.identify;

import dev.throughline.header.Tuple;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetAddress;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * A resolver of the process that holds the other end of a connection. Answers come within the resolver's own limits, never
 * exceptionally, on the calling thread or on a thread of the resolver, which must not be blocked.
 */
public interface OwnerResolver {
    /**
     * Identifies the process that holds the application's end of a TCP flow.
     *
     * @param tuple the application's source and the destination that it requested, not the listener's address
     */
    CompletableFuture<SocketIdentity> identify(Tuple tuple);

    /**
     * Returns the user of the application's end of a TCP flow, unsigned, if the kernel knows it immediately: for fair queueing,
     * not for decisions. Also empty if that end isn't on this host.
     */
    default OptionalInt userHint(Tuple tuple) {
        return OptionalInt.empty();
    }

    /**
     * Returns the user who created the socket at the other end of a TCP connection, unsigned, with subordinate ids mapped to
     * their owner. Empty if that end isn't on this host, or is unknown: it is closed and wasn't recorded, or can't be queried. Never
     * blocks.
     *
     * @param tuple the other end's own address and that of its peer
     */
    OptionalInt user(Tuple tuple);

    /** Identifies the process that connected to a Unix socket of this process. */
    CompletableFuture<SocketIdentity> identify(UnixPeer peer);

    /**
     * Returns the identity of a process behind another proxy: unknown, since the socket belongs to the proxy. The evidence says
     * whether {@code source} is an address of this host.
     */
    ProcessIdentity behindProxy(InetAddress source);
}
