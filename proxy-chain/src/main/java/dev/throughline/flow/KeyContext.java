package dev.throughline.flow;

import com.google.common.collect.ImmutableSortedMap;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verifier;
import java.time.Instant;
import java.util.Map;

/**
 * Whom this hop believes and as whom it speaks, until its keys are read anew; then it is replaced as a whole. It is asked
 * for at the moment of use, so that a key's revocation counts for the next header, on whichever connection.
 *
 * @param verifier says whether a header is true
 * @param signers write this hop's links, each from an instant on
 */
public record KeyContext(Verifier verifier, ImmutableSortedMap<Instant, Signer> signers) {
    /** With one signer, for all time. */
    public static KeyContext of(Verifier verifier, Signer signer) {
        return new KeyContext(verifier, ImmutableSortedMap.of(Instant.MIN, signer));
    }

    /** Whose turn it is at {@code now}; before any has begun, the first one's. */
    public Signer signer(Instant now) {
        Map.Entry<Instant, Signer> begun = signers.floorEntry(now);
        return begun == null ? signers.values().iterator().next() : begun.getValue();
    }
}
