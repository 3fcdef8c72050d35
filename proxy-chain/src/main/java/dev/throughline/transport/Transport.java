package dev.throughline.transport;

import io.netty.channel.EventLoop;
import java.util.Optional;

/** A way to open upstream connections. The budget's pool of the same name limits how many there are at once. */
public interface Transport {
    /** Returns its name in configuration and metrics. */
    String name();

    /** Returns whether its system can itself tell a next hop on this host who opened a flow. */
    boolean carriesOriginator();

    /** Returns whether an intercepting next hop on this host may get no header if the system carries the originator. */
    boolean isHeaderOptional();

    /** Returns whether its system can delay an attempt; otherwise slowness and silence are always the destination's. */
    boolean mayStall();

    /** Returns why no attempt can succeed at the moment; empty if none is known. */
    default Optional<String> trouble() {
        return Optional.empty();
    }

    /**
     * Starts to open a connection. All its events happen on {@code loop}.
     *
     * @param request destination and originator
     * @param result gets the connection
     */
    ConnectAttempt start(EventLoop loop, ConnectRequest request, ConnectResult result);
}
