package dev.throughline.originator;

import dev.throughline.header.Tuple;
import java.time.Instant;

/**
 * Who opened a flow: written once, by the first hop, and the same at every hop after it.
 *
 * <p>An {@code Originator} is either what this host's kernel said or what a verified header said. One that was only read
 * from a header, and not verified, is never of this type: it is a {@link dev.throughline.chain.Claimed}.
 *
 * @param host where it was opened
 * @param flow the flow's id
 * @param observedAt when the first hop saw it, in whole milliseconds
 * @param tuple the application's own source, and the destination that it asked for
 * @param wayIn how it came into the first hop
 * @param identity the process that opened it, and by what evidence
 */
public record Originator(
        HostId host,
        FlowId flow,
        Instant observedAt,
        Tuple tuple,
        InterceptionMethod wayIn,
        ProcessIdentity identity) {}
