package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A route to a next hop or to the destination.
 *
 * @param next the peer of the upstream connection
 * @param over names of the transports that a flow may use, in the order in which they are tried
 * @param tcp keep-alive and user timeout of the upstream connection
 */
public record Route(NextHop next, ImmutableList<String> over, TcpTimeouts tcp) {
    /** Returns why this host can't open the connection to the destination, if so: the address means another host there. */
    Optional<FlowRejectedException> objection(Originator originator, HostId ownHost) {
        InetSocketAddress destination = originator.tuple().destination();
        boolean meansOtherHost = next instanceof NextHop.Destination
                && !originator.host().equals(ownHost)
                && UnsignedHeader.isHostLocal(destination.getAddress());
        return meansOtherHost
                ? Optional.of(new FlowRejectedException(
                        CloseReason.DESTINATION_NOT_HERE,
                        Tuple.text(destination) + " is an address of host " + originator.host() + ", not of this host"))
                : Optional.empty();
    }
}
