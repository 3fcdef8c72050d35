package dev.throughline.flow;

import com.google.common.collect.ImmutableMap;
import com.google.common.net.InetAddresses;
import dev.throughline.budget.Account;
import dev.throughline.chain.ChainTlv;
import dev.throughline.header.Cidr;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.Tuple;
import dev.throughline.identify.OwnerResolver;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HostId;
import dev.throughline.relay.BufferMemory;
import dev.throughline.relay.TcpTimeouts;
import dev.throughline.transport.Transport;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * What all flows of a hop use.
 *
 * @param host the host that this hop runs on
 * @param identifier asks the kernel who holds a socket
 * @param authority whom this hop believes and as whom it speaks, now
 * @param chainTlv how chains lie in headers
 * @param headerLimits how large a header may be, in and out
 * @param halfOpenHeaders who is waiting for the rest of a header
 * @param headerFailures whose headers have failed too often
 * @param healthCheckers who may send a LOCAL header
 * @param directions routes by policy decision, now
 * @param accepted connections for which no flow has begun yet, by the user who holds the other end
 * @param arrivals flows for which nothing was done yet, by their originators' user
 * @param budget who has a place, and who has to wait
 * @param transports open the connection there, by their names
 * @param batchSigner signs this hop's links
 * @param table the flows that live
 * @param events is notified of each flow
 * @param idleTimeout without a byte either way
 * @param halfClosedTimeout without a byte either way, once a side has finished
 * @param portsKept for how long the kernel keeps the port of a connection whose output this hop ended first
 * @param buffers memory of what all flows have read and not yet sent
 * @param tcp when the side that opened a flow is given up
 */
public record FlowServices(
        HostId host,
        OwnerResolver identifier,
        Supplier<KeyContext> authority,
        ChainTlv chainTlv,
        HeaderLimits headerLimits,
        HalfOpenHeaders halfOpenHeaders,
        HeaderFailures headerFailures,
        List<Cidr> healthCheckers,
        Supplier<RoutingTable> directions,
        FairQueue accepted,
        FairQueue arrivals,
        FlowBudget budget,
        ImmutableMap<String, Transport> transports,
        BatchSigner batchSigner,
        FlowTable table,
        FlowEvents events,
        Duration headerTimeout,
        Duration idleTimeout,
        Duration halfClosedTimeout,
        TcpTimeouts tcp,
        Duration portsKept,
        BufferMemory buffers,
        Duration ttl,
        Clock clock,
        SecureRandom random) {
    private static final Account UNKNOWN_USER = new Account("", Account.UNKNOWN, "", "");

    /** Who takes a turn for a connection: a user of this host, if the kernel says so at once, or another host's address. */
    public Account user(Optional<Tuple> socket) {
        if (socket.isEmpty()) {
            return UNKNOWN_USER;
        }
        OptionalInt uid = identifier.userHint(socket.get());
        InetAddress source = socket.get().source().getAddress();
        if (uid.isPresent()) {
            return budget.ownUser(uid.getAsInt());
        }
        return identifier.behindProxy(source).evidence() == Evidence.REMOTE
                ? new Account(InetAddresses.toAddrString(Peer.network(source)), "", "", "")
                : UNKNOWN_USER;
    }
}
