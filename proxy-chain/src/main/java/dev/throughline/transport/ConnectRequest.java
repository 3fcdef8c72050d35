package dev.throughline.transport;

import dev.throughline.budget.Account;
import dev.throughline.header.Bytes;
import dev.throughline.relay.TcpTimeouts;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * What a transport needs to open a flow's upstream connection.
 *
 * @param destination address to connect to
 * @param originator account of the flow
 * @param handle the agent's identifier of the flow, if an agent handed it over
 * @param tcp timeouts of the connection, if this hop opens it itself
 */
public record ConnectRequest(
        InetSocketAddress destination, Account originator, Optional<Bytes> handle, TcpTimeouts tcp) {}
