package dev.throughline.originator;

import dev.throughline.header.Tuple;
import java.time.Instant;

/**
 * The identity of a flow and of the process that opened it. The first hop creates it; it is the same at every later hop.
 *
 * <p>An {@code Originator} comes from this host's kernel or from a verified header. Unverified header content is never of this
 * type: it is a {@link dev.throughline.chain.Claimed}.
 *
 * @param host the host on which the flow was opened
 * @param flow the flow's id
 * @param observedAt when the first hop accepted it, in whole milliseconds
 * @param tuple the application's own source, and the destination that it requested
 * @param wayIn how it reached the first hop
 * @param identity the process that opened it, with the evidence
 */
public record Originator(
        HostId host,
        FlowId flow,
        Instant observedAt,
        Tuple tuple,
        InterceptionMethod wayIn,
        ProcessIdentity identity) {}
