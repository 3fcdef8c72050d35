package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.Streams;
import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import dev.throughline.key.SigningKey;
import dev.throughline.originator.Originator;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;

/**
 * A signer of chains for one hop. It starts a chain from an originator that this hop identified, and continues only a verified
 * one, which its types enforce. One signature can serve a batch of chains. Thread-safe.
 */
public final class Signer {
    private final SigningKey key;
    private final ProcessDetails details;

    /**
     * Creates a signer for one hop.
     *
     * @param key the hop's key
     * @param random source of the salts of details, which must be unpredictable
     */
    public Signer(SigningKey key, SecureRandom random) {
        this.key = key;
        this.details = new ProcessDetails(new Salts(random));
    }

    /** {@return the key that verifies the signatures} */
    public PublicKey publicKey() {
        return key.publicKey();
    }

    /**
     * Creates the chain of the first hop: the origin and link 0.
     *
     * @param originator the originator that this hop identified
     * @param draft audience, time and connection of the link
     * @return the chain to sign
     */
    public UnsignedChain originate(Originator originator, LinkDraft draft) {
        OriginBlock origin = OriginCodec.encode(originator, details.of(originator.identity()));
        return new UnsignedChain(this, origin, List.of(), origin.digest(), link(draft, 0));
    }

    /**
     * Creates the chain of a later hop: the received one, unchanged, and a link.
     *
     * @param received the chain that this hop verified
     * @param draft audience, time and connection of the link
     * @return the chain to sign
     * @throws IllegalArgumentException if the chain has the maximum number of links
     */
    public UnsignedChain append(Verification.Verified received, LinkDraft draft) {
        Chain chain = received.chain();
        checkArgument(chain.links().size() < Chain.HARD_HOP_LIMIT, "a chain has at most 8 links");
        Link link = link(draft, chain.links().size());
        return new UnsignedChain(this, chain.origin(), chain.links(), received.lastDigest(), link);
    }

    /**
     * Signs one chain alone.
     *
     * @param chain a chain that this signer created
     * @return the chain to send
     */
    public Chain sign(UnsignedChain chain) {
        return sign(List.of(chain)).getFirst();
    }

    /**
     * Signs all of {@code batch}, with one signature if every header has space for its path through the tree, and otherwise
     * with as few as possible.
     *
     * @param batch chains that this signer created
     * @return the signed chains, in the same order
     */
    public List<Chain> sign(List<UnsignedChain> batch) {
        if (batch.isEmpty()) {
            return List.of();
        }
        for (UnsignedChain chain : batch) {
            if (chain.largestTree() < batch.size()) {
                return signTrees(batch);
            }
        }
        return signTree(batch);
    }

    private List<Chain> signTrees(List<UnsignedChain> batch) {
        // Chains with most space first, so that one with little only makes its own tree smaller.
        List<UnsignedChain> order = new ArrayList<>(batch);
        order.sort(Comparator.comparingInt(UnsignedChain::largestTree).reversed());
        IdentityHashMap<UnsignedChain, Chain> signed = new IdentityHashMap<>(batch.size());
        int from = 0;
        for (int to = 1; to <= order.size(); to++) {
            if (to == order.size() || to - from + 1 > order.get(to).largestTree()) {
                List<UnsignedChain> tree = order.subList(from, to);
                Streams.forEachPair(tree.stream(), signTree(tree).stream(), signed::put);
                from = to;
            }
        }
        return batch.stream().map(signed::get).toList();
    }

    private List<Chain> signTree(List<UnsignedChain> batch) {
        Bytes[] leaves = new Bytes[batch.size()];
        for (int i = 0; i < leaves.length; i++) {
            checkArgument(batch.get(i).signer() == this, "a chain is signed by the signer that began it");
            leaves[i] = batch.get(i).leaf();
        }
        Tree tree = new Tree(leaves);
        PublicKey publicKey = key.publicKey();
        byte[] message = Digests.rootMessage(publicKey.algorithm(), publicKey.id(), tree.size(), tree.root());
        Bytes signature = Bytes.wrap(key.sign(message));
        int algorithm = publicKey.algorithm().code();
        Chain[] signed = new Chain[leaves.length];
        for (int i = 0; i < signed.length; i++) {
            signed[i] = batch.get(i).signed(new Proof(algorithm, tree.size(), i, tree.path(i), signature));
        }
        return List.of(signed);
    }

    private Link link(LinkDraft draft, int index) {
        PublicKey publicKey = key.publicKey();
        return new Link(
                index,
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
                index > 0);
    }
}
