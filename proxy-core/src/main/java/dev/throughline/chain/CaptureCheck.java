package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.key.PublicKey;
import dev.throughline.originator.Originator;

/**
 * What came of verifying a header that was captured somewhere else. It has another type than a {@link Verification}: a
 * capture says what was true then and there, and nothing can be passed on with it.
 */
public sealed interface CaptureCheck {
    /**
     * All rules held that don't depend on the receiver.
     *
     * @param originator who had opened the flow
     * @param links in order
     * @param signers whose key signed each link, in order
     */
    record Genuine(Originator originator, ImmutableList<Link> links, ImmutableList<PublicKey> signers)
            implements CaptureCheck {}

    /**
     * A rule didn't hold.
     *
     * @param why which one, and where
     */
    record Refused(Verification.Rejected why) implements CaptureCheck {}
}
