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
 * The chain that a hop sends to the next one: the chain that it received, or a new one, with its own link, in the form that the
 * next hop accepts.
 *
 * @param received the verified chain of the flow; empty on the first hop
 */
record OutgoingChain(
        FlowServices services,
        NextHop next,
        Originator originator,
        AcceptedConnection accepted,
        Optional<Verification.Verified> received) {
    /** Returns the chain for a connection to the next hop. Rejects a flow whose header is too large: it never goes without. */
    UnsignedChain on(Tuple outgoing) {
        if (received.isPresent() && received.get().chain().links().size() == Chain.HARD_HOP_LIMIT) {
            throw new FlowRejectedException(CloseReason.HEADER_TOO_LARGE, "the chain has the maximum number of links");
        }
        HeaderProfile profile = next.profile();
        UnsignedChain.Fit fit = unsigned(outgoing).fit(profile);
        // Not a switch over types, which is slow without the optimizing compiler: this runs for each flow.
        if (fit instanceof UnsignedChain.Fit.TooLarge(int bytes)) {
            throw new FlowRejectedException(
                    CloseReason.HEADER_TOO_LARGE,
                    "at least " + bytes + " bytes, " + next.name() + " accepts at most " + profile.maxBytes());
        }
        return ((UnsignedChain.Fit.Fits) fit).chain();
    }

    private UnsignedChain unsigned(Tuple outgoing) {
        Instant now = Instant.ofEpochMilli(services.clock().millis());
        Signer signer = services.keys().get().signer(now);
        Optional<Tuple> incoming = accepted.connection();
        LinkDraft draft = new LinkDraft(
                next.audience().orElseThrow(),
                now,
                services.settings().linkTtl(),
                accepted.method(),
                InterceptionMethod.SOCKET,
                incoming.isPresent() ? Optional.of(incoming.get().source()) : Optional.empty(),
                outgoing);
        return received.isPresent() ? signer.append(received.get(), draft) : signer.originate(originator, draft);
    }
}
