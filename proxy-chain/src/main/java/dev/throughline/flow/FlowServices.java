package dev.throughline.flow;

import com.google.common.collect.ImmutableMap;
import com.google.common.net.InetAddresses;
import dev.throughline.budget.Account;
import dev.throughline.header.Tuple;
import dev.throughline.identify.OwnerResolver;
import dev.throughline.originator.Evidence;
import dev.throughline.relay.BufferMemory;
import dev.throughline.transport.Transport;
import java.net.InetAddress;
import java.time.Clock;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * Services that all flows of a hop share.
 *
 * @param settings of all flows
 * @param owners finds the process that owns a socket
 * @param keys the current keys: trusted ones and this hop's own
 * @param routing the current policy and routes
 * @param halfOpenHeaders limits connections with an unfinished header
 * @param headerFailures limits peers that send bad headers
 * @param acceptedConnections queue of connections that have no flow yet, by the user who owns the other end
 * @param newFlows queue of flows whose originator is known, by the originator's user
 * @param budget limits open flows and shares them among originators
 * @param transports open upstream connections, by name
 * @param batchSigner signs this hop's links
 * @param table the open flows
 * @param events notified of each flow
 * @param buffers limits the bytes that all flows have read and not yet sent
 */
public record FlowServices(
        FlowSettings settings,
        OwnerResolver owners,
        Supplier<KeyContext> keys,
        Supplier<RoutingTable> routing,
        HalfOpenHeaders halfOpenHeaders,
        HeaderFailures headerFailures,
        FairQueue acceptedConnections,
        FairQueue newFlows,
        FlowBudget budget,
        ImmutableMap<String, Transport> transports,
        BatchSigner batchSigner,
        FlowTable table,
        FlowEvents events,
        BufferMemory buffers,
        Clock clock,
        FlowIds ids) {
    private static final Account UNKNOWN_USER = new Account("", Account.UNKNOWN, "", "");

    /**
     * Returns the account under which an accepted connection waits for its turn: the user of this host if the kernel can name
     * it immediately, else the address.
     */
    public Account user(Optional<Tuple> socket) {
        if (socket.isEmpty()) {
            return UNKNOWN_USER;
        }
        OptionalInt uid = owners.userHint(socket.get());
        InetAddress source = socket.get().source().getAddress();
        if (uid.isPresent()) {
            return budget.ownUser(uid.getAsInt());
        }
        return owners.behindProxy(source).evidence() == Evidence.REMOTE
                ? new Account(InetAddresses.toAddrString(Peer.network(source)), "", "", "")
                : UNKNOWN_USER;
    }
}
