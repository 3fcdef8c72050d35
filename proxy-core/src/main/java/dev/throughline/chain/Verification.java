package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import dev.throughline.originator.Originator;
import java.util.List;

/** The result of verifying a header: the originator and its chain, or one reason. */
public sealed interface Verification {
    /** A verified chain. Only {@link Verifier} creates one. */
    final class Verified implements Verification {
        private final Chain chain;
        private final List<PublicKey> signers;
        private final Bytes lastDigest;

        Verified(Chain chain, List<PublicKey> signers, Bytes lastDigest) {
            this.chain = chain;
            this.signers = signers;
            this.lastDigest = lastDigest;
        }

        /** {@return the originator of the flow, as the first hop wrote it and every hop signed it} */
        public Originator originator() {
            return chain.origin().claim().unverified();
        }

        /** {@return the links, in order} */
        public List<Link> links() {
            Link[] links = new Link[chain.links().size()];
            for (int i = 0; i < links.length; i++) {
                links[i] = chain.links().get(i).link();
            }
            return List.of(links);
        }

        /** {@return the key that signed each link, in order} */
        public List<PublicKey> signers() {
            return signers;
        }

        /** {@return the chain as it was received} */
        public Chain chain() {
            return chain;
        }

        Bytes lastDigest() {
            return lastDigest;
        }
    }

    /**
     * A rejected chain.
     *
     * @param reason the first violated rule
     * @param link index of the link; -1 if the rule doesn't concern a single link
     * @param detail what was found and what was expected
     */
    record Rejected(RejectReason reason, int link, String detail) implements Verification {}
}
