package dev.throughline.transport;

import dev.throughline.header.Tuple;
import io.netty.channel.socket.DuplexChannel;
import java.util.Optional;

/**
 * An open upstream connection.
 *
 * @param channel open, with reading off and the inbox of the request
 * @param addresses local and remote address, as the next hop sees them too; empty if an agent doesn't report them
 * @param carried whether the system tells a next hop on this host who opened the flow
 */
public record UpstreamConnection(DuplexChannel channel, Optional<Tuple> addresses, boolean carried) {}
