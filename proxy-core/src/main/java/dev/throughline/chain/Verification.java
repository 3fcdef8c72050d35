package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import dev.throughline.originator.Originator;

/** What came of verifying a header: the originator and its chain, or one reason. There is no third answer. */
public sealed interface Verification {
    /** Every rule held. Only {@link Verifier} makes one. */
    final class Verified implements Verification {
        private final Chain chain;
        private final ImmutableList<PublicKey> signers;
        private final Bytes lastDigest;

        Verified(Chain chain, ImmutableList<PublicKey> signers, Bytes lastDigest) {
            this.chain = chain;
            this.signers = signers;
            this.lastDigest = lastDigest;
        }

        /** {@return who opened the flow: said by the first hop, and signed by every hop} */
        public Originator originator() {
            return chain.origin().claim().unverified();
        }

        /** {@return the links, in order} */
        public ImmutableList<Link> links() {
            return chain.links().stream().map(SignedLink::link).collect(ImmutableList.toImmutableList());
        }

        /** {@return whose key signed each link, in order} */
        public ImmutableList<PublicKey> signers() {
            return signers;
        }

        /** {@return the chain as it travelled} */
        public Chain chain() {
            return chain;
        }

        Bytes lastDigest() {
            return lastDigest;
        }
    }

    /**
     * A rule didn't hold.
     *
     * @param reason the first rule that failed
     * @param link which link, from 0; -1 where it isn't about one
     * @param detail what was found and what was expected
     */
    record Rejected(RejectReason reason, int link, String detail) implements Verification {}
}
