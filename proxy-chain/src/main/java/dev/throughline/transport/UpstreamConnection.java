package dev.throughline.transport;

import dev.throughline.engine.Connection;
import dev.throughline.header.Tuple;
import java.util.Optional;

/**
 * An open upstream connection.
 *
 * @param connection nobody receives its events yet
 * @param addresses local and remote address, as the next hop sees them too; empty if an agent doesn't report them
 * @param carried whether the system tells a next hop on this host who opened the flow
 */
public record UpstreamConnection(Connection connection, Optional<Tuple> addresses, boolean carried) {}
