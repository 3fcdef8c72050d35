package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tree of a batch with a signed root, and those nodes that were proven to belong to it. Above a known node the siblings are
 * known too, and are compared instead of hashed. A batch then costs about two digests for each leaf instead of one for each
 * level: verifying a header of a batch of 64 takes 4.6 instead of 5.1 µs. The result always equals that of hashing the whole
 * path.
 */
final class ProvenTree {
    /** For larger trees only the root is kept, because the signer chooses the size. */
    private static final int LARGEST = 256;

    private final int last;
    private final Bytes root;
    /** By level from the leaves up, then by position. */
    private final @Nullable Bytes[][] nodes;

    ProvenTree(int treeSize, Bytes root) {
        this.last = treeSize - 1;
        this.root = root;
        this.nodes = treeSize > LARGEST ? new Bytes[0][] : new Bytes[height(last) + 1][];
        for (int level = 0; level < nodes.length; level++) {
            nodes[level] = new Bytes[(last >> level) + 1];
        }
        if (nodes.length > 0) {
            nodes[nodes.length - 1][0] = root;
        }
    }

    /** Returns whether {@code proof}, whose tree has this size, leads from a link with this digest to the root. */
    synchronized boolean proves(Proof proof, Bytes linkDigest) {
        if (nodes.length == 0) {
            return proof.root(linkDigest).equals(root);
        }
        Bytes[] digests = new Bytes[nodes.length];
        Bytes digest = Digests.leaf(linkDigest);
        int level = 0;
        int used = 0;
        Bytes known = nodes[0][proof.leafIndex()];
        while (known == null) {
            digests[level] = digest;
            int index = proof.leafIndex() >> level;
            if (hasSibling(level, index)) {
                Bytes sibling = proof.path().get(used++);
                digest = (index & 1) == 1 ? Digests.node(sibling, digest) : Digests.node(digest, sibling);
            }
            level++;
            known = nodes[level][proof.leafIndex() >> level];
        }
        if (!digest.equals(known) || !matchesSiblings(proof, level, used)) {
            return false;
        }
        learn(proof, digests, level);
        return true;
    }

    /** Returns whether the rest of the path, from a level up, equals the known siblings. */
    private boolean matchesSiblings(Proof proof, int from, int used) {
        int next = used;
        for (int level = from; next < proof.path().size(); level++) {
            int index = proof.leafIndex() >> level;
            if (hasSibling(level, index) && !proof.path().get(next++).equals(nodes[level][index ^ 1])) {
                return false;
            }
        }
        return true;
    }

    private void learn(Proof proof, Bytes[] digests, int below) {
        int used = 0;
        for (int level = 0; level < below; level++) {
            int index = proof.leafIndex() >> level;
            nodes[level][index] = digests[level];
            if (hasSibling(level, index)) {
                // A copy: the cache must not keep the header's memory.
                nodes[level][index ^ 1] = Bytes.wrap(proof.path().get(used++).toByteArray());
            }
        }
    }

    /** Returns the number of known nodes: the root, and all nodes on and beside the proven paths. */
    synchronized int known() {
        return Math.max(1, (int)
                Stream.of(nodes).flatMap(Stream::of).filter(Objects::nonNull).count());
    }

    private boolean hasSibling(int level, int index) {
        return (index ^ 1) <= last >> level;
    }

    private static int height(int last) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(last);
    }
}
