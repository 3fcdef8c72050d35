package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Cidr;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.HopId;
import java.net.InetAddress;
import java.util.Optional;

/**
 * Properties of the listener that accepted a flow.
 *
 * @param listener name of the listener
 * @param preamble the bytes that a connection starts with
 * @param intercepting whether connections are intercepted, so that the kernel knows their original destination
 * @param previousHop the only hop from which the listener accepts flows; empty if any trusted hop may connect
 * @param resolver finds the original destination of a connection
 * @param ownerRule checks the process that owns the other end
 */
public record ListenerProfile(
        String listener,
        Preamble preamble,
        boolean intercepting,
        Optional<HopId> previousHop,
        AcceptedConnection.Resolver resolver,
        OwnerRule ownerRule) {

    /** The kind of bytes that a connection starts with. It is configured, never detected. */
    public sealed interface Preamble {
        /** The flow's own bytes, which are not parsed. */
        record Payload() implements Preamble {}

        /** One PROXY header with a chain. */
        record SignedHeader() implements Preamble {}

        /**
         * One PROXY header without a chain.
         *
         * @param peers networks of the trusted proxies; other peers are rejected
         */
        record BelievedHeader(ImmutableList<Cidr> peers) implements Preamble {}

        /** One PROXY header in which an agent of this host names the originator. Each flow gets an answer. */
        record HandedOverHeader() implements Preamble {}

        /** Returns a reader for the header. Only signed headers must have the canonical form. */
        default HeaderReader reader(HeaderLimits limits) {
            return this instanceof BelievedHeader ? HeaderReader.ofUnsignedHeaders(limits) : new HeaderReader(limits);
        }

        /** Returns why nothing from {@code peer} is read; empty if it may connect. */
        default Optional<FlowRejectedException> objection(InetAddress peer) {
            return this instanceof BelievedHeader(ImmutableList<Cidr> peers)
                            && peers.stream().noneMatch(network -> network.contains(peer))
                    ? Optional.of(new FlowRejectedException(
                            CloseReason.PEER_NOT_ALLOWED, "peer " + InetAddresses.toAddrString(peer)))
                    : Optional.empty();
        }
    }

    /** A check of the process that owns the other end of a connection. */
    public interface OwnerRule {
        /** Accepts any process. */
        OwnerRule ANYONE = owner -> Optional.empty();

        /** Returns why a connection of this owner is rejected, if so. */
        Optional<FlowRejectedException> objection(SocketIdentity owner);
    }
}
