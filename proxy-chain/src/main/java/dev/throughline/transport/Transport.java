package dev.throughline.transport;

import dev.throughline.relay.InboundBuffer;
import io.netty.channel.EventLoop;
import java.util.Optional;

/** A way to open connections onwards. Of how many there may be at once, the budget's pool of this name says. */
public interface Transport {
    /** As configurations and metrics call it. */
    String name();

    /** Whether the system behind it may tell the next hop of this host by itself who opened a flow. */
    boolean carriesOriginator();

    /** Whether a flow whose originator is carried may continue without a header, to a next hop that intercepts on this host. */
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
     * @param request where to, and for whom
     * @param inbox the first handler of the connection, for what it receives
     */
    ConnectAttempt start(EventLoop loop, ConnectRequest request, InboundBuffer inbox);
}
