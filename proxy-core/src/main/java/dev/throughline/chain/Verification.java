package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import dev.throughline.originator.Originator;
import java.util.List;

/** What came of verifying a header: the originator and its chain, or one reason. There is no third answer. */
public sealed interface Verification {
    /** Every rule holds. Only {@link Verifier} creates one. */
    final class Verified implements Verification {
        private final Chain chain;
        private final List<PublicKey> signers;
        private final Bytes lastDigest;

        Verified(Chain chain, List<PublicKey> signers, Bytes lastDigest) {
            this.chain = chain;
            this.signers = signers;
            this.lastDigest = lastDigest;
        }

        /** {@return who opened the flow, as the first hop wrote and every hop signed} */
        public Originator originator() {
            return chain.origin().claim().unverified();
        }

        /** {@return the links, in order} */
        public List<Link> links() {
            return chain.links().stream().map(SignedLink::link).toList();
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
     * A rule is violated.
     *
     * @param reason the first rule that is violated
     * @param link index of the link; -1 if the rule isn't about one
     * @param detail what was found and what was expected
     */
    record Rejected(RejectReason reason, int link, String detail) implements Verification {}
}
