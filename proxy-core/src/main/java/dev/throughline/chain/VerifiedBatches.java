package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A cache of batches with a valid signature, so that one signature is verified once for all chains of its batch: verifying a
 * header of a batch of 64 takes 7 instead of 153 µs. Only successes are added; the cache key consists of the trusted key, the
 * size of the tree and the signature. When the cache is full, the least recently used batch is removed, which costs only time.
 * Thread-safe.
 */
public final class VerifiedBatches {
    /** 1,024 batches are about one second's. The headers of a batch arrive within moments. */
    public static final int DEFAULT_CAPACITY = 1024;

    private record Batch(PublicKey key, int treeSize, Bytes signature) {
        /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
        @Override
        public boolean equals(Object other) {
            return other instanceof Batch that
                    && treeSize == that.treeSize
                    && signature.equals(that.signature)
                    && key.equals(that.key);
        }

        @Override
        public int hashCode() {
            return signature.hashCode();
        }
    }

    private final Map<Batch, ProvenTree> verified;
    private Predicate<PublicKey> trusted = key -> true;
    private long hits;
    private long misses;

    /**
     * Creates an empty cache.
     *
     * @param capacity maximum number of batches; one of 64 chains takes about 10 KB when all have been verified
     */
    public VerifiedBatches(int capacity) {
        // In access order: the eldest is the least recently used.
        this.verified = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Batch, ProvenTree> eldest) {
                return size() > capacity;
            }
        };
    }

    /** Returns whether {@code proof} by {@code key} is valid for a link with this digest. */
    boolean verifies(PublicKey key, Proof proof, Bytes linkDigest) {
        if (proof.treeSize() == 1) {
            return signatureHolds(key, proof, proof.root(linkDigest));
        }
        Batch batch = new Batch(key, proof.treeSize(), proof.signature());
        ProvenTree tree = find(batch);
        if (tree != null && tree.proves(proof, linkDigest)) {
            count(true);
            return true;
        }
        count(false);
        Bytes root = proof.root(linkDigest);
        if (!signatureHolds(key, proof, root)) {
            return false;
        }
        // Copies, so that the cache doesn't keep the header's memory.
        remember(
                new Batch(key, proof.treeSize(), Bytes.wrap(proof.signature().toByteArray())),
                new ProvenTree(proof.treeSize(), root));
        return true;
    }

    /**
     * Removes the batches of keys that are no longer trusted. Until the next call, batches of such keys are not added again,
     * not even by a verification that is in progress.
     *
     * @param trusted returns whether a key is trusted; called now, and whenever a batch is added
     */
    public synchronized void retain(Predicate<PublicKey> trusted) {
        this.trusted = trusted;
        verified.keySet().removeIf(batch -> !trusted.test(batch.key));
    }

    /** {@return the number of cached batches} */
    public synchronized int size() {
        return verified.size();
    }

    /** {@return how many links needed no signature verification} */
    public synchronized long hits() {
        return hits;
    }

    /** {@return how many links needed a signature verification} */
    public synchronized long misses() {
        return misses;
    }

    private synchronized @Nullable ProvenTree find(Batch batch) {
        return verified.get(batch);
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
