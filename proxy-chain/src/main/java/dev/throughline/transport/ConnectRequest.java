package dev.throughline.transport;

import dev.throughline.budget.Account;
import dev.throughline.header.Bytes;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A request for the upstream connection of a flow.
 *
 * @param destination the address to connect to
 * @param originator the account of the flow
 * @param handle the agent's identifier of the flow, if an agent handed it over
 */
public record ConnectRequest(InetSocketAddress destination, Account originator, Optional<Bytes> handle) {}
