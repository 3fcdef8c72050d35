package dev.throughline.flow;

import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.Verification;
import dev.throughline.header.Cidr;
import dev.throughline.header.Header;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/** Rules for the header at the start of a connection, in addition to the verifier's. */
final class HeaderRules {
    /**
     * Reasons that don't count as failures of the peer: this hop has just started, or its replay memory is full. The peer may
     * be honest with a slow clock. This gives nobody free signature checks: the first rule precedes all signatures, and fails
     * only within ttl and skew of the start; the second applies when all signatures are valid, which takes a key.
     */
    private static final ImmutableSet<RejectReason> NOT_THE_PEERS_FAULT =
            Sets.immutableEnumSet(RejectReason.ISSUED_BEFORE_START, RejectReason.REPLAY_STORE_FULL);

    private HeaderRules() {}

    /** Returns whether a rejected header counts as a failure of the peer that sent it. */
    static boolean countsAgainstPeer(Verification.Rejected rejected) {
        return !NOT_THE_PEERS_FAULT.contains(rejected.reason());
    }

    /** Returns why {@code connection} may not carry the flow of a verified header, if so. */
    static Optional<FlowRejectedException> objection(
            ListenerProfile profile, AcceptedConnection.Tcp connection, Verification.Verified verified) {
        InetSocketAddress destination = verified.originator().tuple().destination();
        InetSocketAddress original = connection.original().destination();
        // The kernel knows the destination of an intercepted connection: a header can't send it elsewhere.
        if (profile.intercepting() && !destination.equals(original)) {
            return Optional.of(new FlowRejectedException(
                    CloseReason.DESTINATION_MISMATCH,
                    "the kernel says " + Tuple.text(original) + ", the origin " + Tuple.text(destination)));
        }
        HopId last = verified.chain().links().getLast().link().hop();
        if (profile.previousHop().isPresent() && !profile.previousHop().get().equals(last)) {
            return Optional.of(new FlowRejectedException(
                    CloseReason.OWNER_MISMATCH, "the header comes from another hop than the connection"));
        }
        return Optional.empty();
    }

    /** Returns whether {@code header} is the health check of a load balancer that may send one. */
    static boolean isHealthCheck(List<Cidr> healthCheckers, AcceptedConnection.Tcp connection, Header header) {
        return header.command() == Header.Command.LOCAL && isHealthChecker(healthCheckers, connection);
    }

    /**
     * Returns whether a connection that closed without a byte is a health check. Some load balancers only test whether they can
     * connect.
     */
    static boolean isSilentHealthCheck(
            List<Cidr> healthCheckers, ListenerProfile profile, AcceptedConnection connection) {
        return profile.preamble() instanceof ListenerProfile.Preamble.BelievedHeader
                || (connection instanceof AcceptedConnection.Tcp tcp && isHealthChecker(healthCheckers, tcp));
    }

    private static boolean isHealthChecker(List<Cidr> healthCheckers, AcceptedConnection.Tcp connection) {
        InetAddress source = connection.socket().source().getAddress();
        for (Cidr network : healthCheckers) {
            if (network.contains(source)) {
                return true;
            }
        }
        return false;
    }
}
