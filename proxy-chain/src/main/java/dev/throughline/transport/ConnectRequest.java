package dev.throughline.transport;

import dev.throughline.budget.Claimant;
import dev.throughline.header.Bytes;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A connection that a flow needs.
 *
 * @param destination where to
 * @param originator whom the flow counts for
 * @param handle by which an agent knows the flow, if it came from one
 */
public record ConnectRequest(InetSocketAddress destination, Claimant originator, Optional<Bytes> handle) {}
