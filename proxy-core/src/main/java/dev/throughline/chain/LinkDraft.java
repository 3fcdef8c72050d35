package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import dev.throughline.originator.InterceptionMethod;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The properties of a forwarded flow that go into a link. The chain and the key determine the rest.
 *
 * @param audience the next hop
 * @param issuedAt the current time
 * @param ttl lifetime of the link, at most {@link VerifierSettings#MAX_TTL}
 * @param ingress how the flow came in
 * @param egress how it leaves
 * @param observedPeer the peer of the incoming connection
 * @param outgoing the outgoing connection
 */
public record LinkDraft(
        HopId audience,
        Instant issuedAt,
        Duration ttl,
        InterceptionMethod ingress,
        InterceptionMethod egress,
        Optional<InetSocketAddress> observedPeer,
        Tuple outgoing) {
    /**
     * Checks the ttl.
     *
     * @throws IllegalArgumentException unless it is 100 ms to 30 s
     */
    public LinkDraft {
        checkArgument(
                ttl.toMillis() >= Link.TTL_STEP_MILLIS && ttl.compareTo(VerifierSettings.MAX_TTL) <= 0,
                "a link lives between 100 ms and 30 s: %s",
                ttl);
    }
}
