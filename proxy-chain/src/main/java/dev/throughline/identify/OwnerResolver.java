package dev.throughline.identify;

import dev.throughline.header.Tuple;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetAddress;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * Says who on this host holds the other end of a connection. Answers come within the resolver's own limits, never exceptionally,
 * on the calling thread or on one of the resolver's that must not be kept.
 */
public interface OwnerResolver {
    /**
     * Says who holds the application's end of a TCP flow.
     *
     * @param tuple the application's source and the destination that it asked for, not the listener's address
     */
    CompletableFuture<SocketIdentity> identify(Tuple tuple);

    /**
     * Returns the user who holds the application's end of a TCP flow, if the kernel says so at once: for turns, not for decisions.
     * The number is unsigned. Empty also if the end isn't on this host.
     */
    default OptionalInt userHint(Tuple tuple) {
        return OptionalInt.empty();
    }

    /**
     * Returns the user who made the socket at the other end of a TCP connection, unsigned; a subordinate id is its owner's. Empty if that
     * end isn't on this host, is closed, or can't be asked for. Never waits.
     *
     * @param tuple the other end's own address and its peer's
     */
    OptionalInt user(Tuple tuple);

    /** Says who connected to a Unix socket of this process. */
    CompletableFuture<SocketIdentity> identify(UnixPeer peer);

    /**
     * Returns the identity of a process behind another proxy: unknown, as the socket belongs to that proxy. The evidence says whether
     * {@code source} is an address of this host.
     */
    ProcessIdentity behindProxy(InetAddress source);
}
