package dev.throughline.chain;

import dev.throughline.key.PublicKey;
import dev.throughline.originator.Originator;
import java.util.List;

/**
 * The result of verifying a captured header. Its type isn't {@link Verification}, because a captured header must not be used to
 * forward a flow.
 */
public sealed interface CaptureCheck {
    /**
     * All rules hold that don't depend on the receiver.
     *
     * @param originator the originator of the flow
     * @param links in order
     * @param signers the key that signed each link, in order
     */
    record Genuine(Originator originator, List<Link> links, List<PublicKey> signers) implements CaptureCheck {
        /** Copies the lists. */
        public Genuine {
            links = List.copyOf(links);
            signers = List.copyOf(signers);
        }
    }

    /**
     * A rule is violated.
     *
     * @param why the violated rule, with the link
     */
    record Refused(Verification.Rejected why) implements CaptureCheck {}
}
