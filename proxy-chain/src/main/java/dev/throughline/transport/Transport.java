package dev.throughline.transport;

import dev.throughline.header.Bytes;
import dev.throughline.relay.Inbox;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.Optional;

/** A way to open connections onwards. Of how many there may be at once, the budget's pool of this name says. */
public interface Transport {
    /** As configurations and metrics call it. */
    String name();

    /** Whether the system behind it may tell the next hop of this host by itself who opened a flow. */
    boolean carriesOriginator();

    /** Whether a flow whose originator is carried may go on without a header, to a next hop that intercepts on this host. */
    boolean isHeaderOptional();

    /** Whether the system behind it may hold up a start: otherwise slowness and silence are always the destination's. */
    boolean mayStall();

    /** Why nothing can be started at the moment, if that is known before it is tried. */
    default Optional<String> trouble() {
        return Optional.empty();
    }

    /**
     * Starts a connection; everything that comes of it happens on {@code loop}.
     *
     * @param destination where to
     * @param handle by which an agent knows the flow that it is for, if it came from one
     * @param inbox the first handler of the connection, for what it receives
     */
    Start start(EventLoop loop, InetSocketAddress destination, Optional<Bytes> handle, Inbox inbox);
}
