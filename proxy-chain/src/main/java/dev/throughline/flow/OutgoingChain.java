package dev.throughline.flow;

import dev.throughline.chain.Chain;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.Signer;
import dev.throughline.chain.UnsignedChain;
import dev.throughline.chain.Verification;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Originator;
import java.time.Instant;
import java.util.Optional;

/**
 * What a hop tells the next one about a flow: the chain that it received, or began itself, with its own link, as the next
 * hop takes it.
 *
 * @param next for whom it is
 * @param received what came with the flow; empty on the hop that begins the chain
 */
record OutgoingChain(
        FlowServices parts,
        NextHop next,
        Originator who,
        AcceptedConnection arrival,
        Optional<Verification.Verified> received) {
    /** For a connection to the next hop. Refuses a flow whose header can't fit: it never continues without. */
    UnsignedChain by(Tuple outgoing) {
        if (received.map(chain -> chain.links().size() == Chain.HARD_HOP_LIMIT).orElse(false)) {
            throw new FlowRejectedException(
                    CloseReason.HEADER_TOO_LARGE, "the chain has as many links as a chain can have");
        }
        HeaderProfile profile = next.profile();
        return switch (unsigned(outgoing).fit(profile)) {
            case UnsignedChain.Fit.Fits(UnsignedChain fits) -> fits;
            case UnsignedChain.Fit.TooLarge(int bytes) ->
                throw new FlowRejectedException(
                        CloseReason.HEADER_TOO_LARGE,
                        "at least " + bytes + " bytes, and " + next.name() + " takes at most " + profile.maxBytes());
        };
    }

    private UnsignedChain unsigned(Tuple outgoing) {
        Instant now = Instant.ofEpochMilli(parts.clock().millis());
        Signer signer = parts.authority().get().signer(now);
        LinkDraft draft = new LinkDraft(
                next.audience().orElseThrow(),
                now,
                parts.ttl(),
                arrival.way(),
                InterceptionMethod.SOCKET,
                arrival.connection().map(Tuple::source),
                outgoing);
        return received.map(chain -> signer.append(chain, draft)).orElseGet(() -> signer.originate(who, draft));
    }
}
