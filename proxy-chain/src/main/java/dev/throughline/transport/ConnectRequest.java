package dev.throughline.transport;

import dev.throughline.budget.Account;
import dev.throughline.header.Bytes;
import dev.throughline.relay.TcpTimeouts;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A connection that a flow needs.
 *
 * @param destination where to
 * @param originator whom the flow counts for
 * @param handle by which an agent knows the flow, if it came from one
 * @param tcp when the other end is given up, where this hop opens the connection itself
 */
public record ConnectRequest(
        InetSocketAddress destination, Account originator, Optional<Bytes> handle, TcpTimeouts tcp) {}
