package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verifier;
import java.time.Instant;

/**
 * Trusted keys and own keys of a hop, from one reload to the next. It is fetched at the moment of use, so that the revocation
 * of a key applies to the next header on any connection.
 *
 * @param verifier verifies headers with the trusted keys
 * @param signers sign this hop's links, each from the instant of its entry
 */
public record KeyContext(Verifier verifier, ImmutableSortedMap<Instant, Signer> signers) {
    /** Returns the signer for {@code now}; before the first instant, the first signer. */
    public Signer signer(Instant now) {
        ImmutableList<Signer> inOrder = signers.values().asList();
        // The map's search creates a view of it, which costs more than a look at its few entries.
        ImmutableList<Instant> starts = signers.keySet().asList();
        int current = starts.size() - 1;
        while (current > 0 && starts.get(current).isAfter(now)) {
            current--;
        }
        return inOrder.get(current);
    }
}
