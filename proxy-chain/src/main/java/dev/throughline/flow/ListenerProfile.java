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
 * One way into the hop, as its flows see it.
 *
 * @param listener its name
 * @param begins what a connection begins with
 * @param intercepting whether the kernel brought it here on its way to somewhere else
 * @param arrivals finds out how a connection came
 * @param previousHop the only hop from which it takes flows; empty if any trusted one may come
 * @param ownerRule what the kernel must say about the process that holds the other end
 */
public record ListenerProfile(
        String listener,
        Preamble begins,
        boolean intercepting,
        Optional<HopId> previousHop,
        AcceptedConnection.Resolver arrivals,
        OwnerRule ownerRule) {

    /** What a connection begins with. It is configured, and never found out from the bytes. */
    public sealed interface Preamble {
        /** The flow's own bytes, whatever they look like. */
        record Payload() implements Preamble {}

        /** One PROXY header with a chain. */
        record SignedHeader() implements Preamble {}

        /**
         * One PROXY header without a chain.
         *
         * @param peers the proxies that are believed; nobody else is heard
         */
        record BelievedHeader(ImmutableList<Cidr> peers) implements Preamble {}

        /** One PROXY header in which an agent of this host says who opened the flow; each flow is answered. */
        record HandedOverHeader() implements Preamble {}

        /** Reads the header; only a signed one has but one spelling. */
        default HeaderReader reader(HeaderLimits limits) {
            return this instanceof BelievedHeader ? HeaderReader.ofUnsignedHeaders(limits) : new HeaderReader(limits);
        }

        /** Why nothing from {@code peer} is read, if so. */
        default Optional<FlowRejectedException> objection(InetAddress peer) {
            return this instanceof BelievedHeader(ImmutableList<Cidr> peers)
                            && peers.stream().noneMatch(network -> network.contains(peer))
                    ? Optional.of(new FlowRejectedException(
                            CloseReason.PEER_NOT_ALLOWED, "peer " + InetAddresses.toAddrString(peer)))
                    : Optional.empty();
        }
    }

    /** Decides whether a connection may be held by this process. */
    public interface OwnerRule {
        /** Any process may. */
        OwnerRule ANYONE = owner -> Optional.empty();

        /** Why not, if not. */
        Optional<FlowRejectedException> objection(SocketIdentity owner);
    }
}
