package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import dev.throughline.key.SecretKey;
import dev.throughline.originator.Originator;
import java.security.SecureRandom;
import java.util.Optional;

/**
 * Writes this hop's link. It begins a chain from what this hop found out itself, and continues one only from what it has
 * verified: the types leave no third way.
 */
public final class Signer {
    private final SecretKey key;
    private final SecureRandom random;

    /**
     * A signer for one hop.
     *
     * @param key that hop's
     * @param random for the salts of details, which must not be guessed
     */
    public Signer(SecretKey key, SecureRandom random) {
        this.key = key;
        this.random = random;
    }

    /**
     * The first hop's chain: the origin and link 0.
     *
     * @param originator what this hop found out itself
     * @param draft to whom, when, and by which connection
     * @return the chain to send
     */
    public Chain originate(Originator originator, LinkDraft draft) {
        OriginBlock origin = OriginCodec.encode(originator, this::salt);
        Chain unsigned = new Chain(origin, ImmutableList.of());
        return sign(unsigned, origin.digest(), draft, false);
    }

    /**
     * A later hop's chain: what it received, unchanged, and its own link.
     *
     * @param received what this hop has verified
     * @param draft to whom, when, and by which connection
     * @return the chain to send
     * @throws IllegalArgumentException if the chain has as many links as a chain can have
     */
    public Chain append(Verification.Verified received, LinkDraft draft) {
        Chain chain = received.chain();
        checkArgument(chain.links().size() < Chain.HARD_HOP_LIMIT, "a chain has at most 8 links");
        return sign(chain, received.lastDigest().toByteArray(), draft, true);
    }

    private Chain sign(Chain chain, byte[] previousDigest, LinkDraft draft, boolean previousVerified) {
        PublicKey publicKey = key.publicKey();
        Link link = new Link(
                chain.links().size(),
                publicKey.hop(),
                publicKey.id(),
                draft.audience(),
                draft.issuedAt(),
                draft.ttl(),
                draft.ingress(),
                draft.egress(),
                draft.observedPeer(),
                draft.outgoing(),
                Optional.empty(),
                previousVerified);
        byte[] body = link.encode();
        byte[] root = Digests.leaf(Digests.link(previousDigest, body));
        byte[] signature = key.sign(Digests.rootMessage(publicKey.algorithm(), publicKey.id(), 1, root));
        return chain.with(new SignedLink(link, Bytes.copyOf(body), Proof.ofOne(publicKey.algorithm(), signature)));
    }

    private Bytes salt() {
        byte[] salt = new byte[Detail.SALT_BYTES];
        random.nextBytes(salt);
        return Bytes.copyOf(salt);
    }
}
