package dev.throughline.chain;

import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import dev.throughline.originator.Way;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a hop knows about a flow that it is about to pass on; the rest of its link follows from the chain and its key.
 *
 * @param audience the next hop
 * @param issuedAt now
 * @param ttl for how long the link may be presented, at most {@link VerifierSettings#MAX_TTL}
 * @param observedPeer the other end of the connection that the flow came in by
 * @param outgoing the connection that it leaves by
 */
public record LinkDraft(
        HopId audience,
        Instant issuedAt,
        Duration ttl,
        Way ingress,
        Way egress,
        Optional<InetSocketAddress> observedPeer,
        Tuple outgoing) {}
