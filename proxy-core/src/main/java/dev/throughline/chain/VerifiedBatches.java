package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Batches whose signature held, so that one signature is verified once for all chains that it serves. Only successes are
 * remembered, under the trusted key itself, the size of the tree and the signature, together with the nodes of the tree
 * that were proven: what isn't exactly the same is verified again. When it is full, the batch that was used longest ago is
 * forgotten, which costs time and no safety. Safe for use by several threads.
 */
public final class VerifiedBatches {
    /** All of a batch's headers arrive within moments: 1,024 batches are those of a second. */
    public static final int DEFAULT_CAPACITY = 1024;

    private record Batch(PublicKey key, int treeSize, Bytes signature) {}

    private final Map<Batch, ProvenTree> verified;
    private Predicate<PublicKey> trusted = key -> true;
    private long hits;
    private long misses;

    /**
     * An empty memory.
     *
     * @param capacity for how many batches; one of 64 chains takes about 10 KB when all have been seen
     */
    public VerifiedBatches(int capacity) {
        // In the order of use: the eldest is the one that was used longest ago.
        this.verified = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Batch, ProvenTree> eldest) {
                return size() > capacity;
            }
        };
    }

    /** Whether {@code proof} is that of {@code key} for a link of this digest. */
    boolean verifies(PublicKey key, Proof proof, Bytes linkDigest) {
        if (proof.treeSize() == 1) {
            return signatureHolds(key, proof, proof.root(linkDigest));
        }
        Batch batch = new Batch(key, proof.treeSize(), proof.signature());
        Optional<ProvenTree> tree = find(batch);
        if (tree.isPresent() && tree.get().proves(proof, linkDigest)) {
            count(true);
            return true;
        }
        count(false);
        Bytes root = proof.root(linkDigest);
        if (!signatureHolds(key, proof, root)) {
            return false;
        }
        // Copies: the header that they came in isn't kept alive by this memory.
        remember(
                new Batch(key, proof.treeSize(), Bytes.wrap(proof.signature().toByteArray())),
                new ProvenTree(proof.treeSize(), root));
        return true;
    }

    /**
     * Forgets the batches of every key that isn't trusted any more, and remembers no others of it until this is called
     * again: also not those of a header whose verification began before.
     *
     * @param trusted which keys still are; asked now, and whenever a batch is to be remembered
     */
    public synchronized void retain(Predicate<PublicKey> trusted) {
        this.trusted = trusted;
        verified.keySet().removeIf(batch -> !trusted.test(batch.key));
    }

    /** {@return how many batches are remembered} */
    public synchronized int size() {
        return verified.size();
    }

    /** {@return how many links of batches needed no verification of a signature} */
    public synchronized long hits() {
        return hits;
    }

    /** {@return how many links of batches needed one} */
    public synchronized long misses() {
        return misses;
    }

    private synchronized Optional<ProvenTree> find(Batch batch) {
        return Optional.ofNullable(verified.get(batch));
    }

    private synchronized void remember(Batch batch, ProvenTree tree) {
        if (trusted.test(batch.key)) {
            verified.putIfAbsent(batch, tree);
        }
    }

    private synchronized void count(boolean hit) {
        if (hit) {
            hits++;
        } else {
            misses++;
        }
    }

    private static boolean signatureHolds(PublicKey key, Proof proof, Bytes root) {
        byte[] message = Digests.rootMessage(key.algorithm(), key.id(), proof.treeSize(), root);
        return key.verifies(message, proof.signature().toByteArray());
    }
}
