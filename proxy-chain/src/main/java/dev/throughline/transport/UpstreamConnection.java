package dev.throughline.transport;

import dev.throughline.header.Tuple;
import io.netty.channel.socket.DuplexChannel;
import java.util.Optional;

/**
 * A connection onwards.
 *
 * @param channel open, with reading off and the inbox that was given
 * @param addresses the connection's own and its peer's, as the next hop sees them too; empty if an agent doesn't say
 * @param carried whether the system tells the next hop of this host who opened the flow
 */
public record UpstreamConnection(DuplexChannel channel, Optional<Tuple> addresses, boolean carried) {}
