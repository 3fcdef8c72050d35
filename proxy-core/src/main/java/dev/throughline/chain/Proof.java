package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;

/**
 * The proof that a link's digest is a leaf of a tree whose root a key signed (RFC 6962, section 2.1.1). One header alone
 * is a tree of size 1, whose path is empty: there is one way to verify.
 *
 * @param algorithm its code as it was sent; it must be the key's own
 * @param treeSize number of leaves, 1 to 65,535
 * @param leafIndex this leaf, from 0
 * @param path the siblings from the leaf up, 32 bytes each, exactly as many as the tree's shape asks for
 * @param signature 64 bytes
 */
public record Proof(int algorithm, int treeSize, int leafIndex, ImmutableList<Bytes> path, Bytes signature) {
    private static final int FIXED_BYTES = 69;

    static Proof read(ByteReader in) throws WireException {
        int start = in.offset();
        int pathBytes = in.left() - FIXED_BYTES;
        int algorithm = in.u8("the algorithm");
        int treeSize = in.u16("the tree size");
        int leafIndex = in.u16("the leaf index");
        if (treeSize == 0 || leafIndex >= treeSize) {
            throw new WireException(start + 1, "leaf " + leafIndex + " of a tree of " + treeSize + " doesn't exist");
        }
        // A longer or shorter path than the shape's would be another way to write the same proof, or another tree.
        if (pathBytes != Digests.SIZE * pathLength(treeSize, leafIndex)) {
            throw new WireException(
                    start,
                    "leaf " + leafIndex + " of a tree of " + treeSize + " has a path of "
                            + pathLength(treeSize, leafIndex) + " digests, found " + pathBytes + " bytes");
        }
        ImmutableList.Builder<Bytes> path = ImmutableList.builder();
        for (int i = 0; i < pathBytes / Digests.SIZE; i++) {
            path.add(in.take(Digests.SIZE, "a digest of the path"));
        }
        return new Proof(algorithm, treeSize, leafIndex, path.build(), in.take(64, "the signature"));
    }

    /** How many bytes a proof with this path has. */
    static int size(int pathLength) {
        return FIXED_BYTES + Digests.SIZE * pathLength;
    }

    void writeTo(ByteWriter out) {
        out.u8(algorithm).u16(treeSize).u16(leafIndex);
        path.forEach(out::bytes);
        out.bytes(signature);
    }

    /** The root that this proof leads to from the digest of a link (RFC 9162, section 2.1.3.2). */
    Bytes root(Bytes linkDigest) {
        Bytes digest = Digests.leaf(linkDigest);
        int used = 0;
        for (int index = leafIndex, last = treeSize - 1; last > 0; index >>= 1, last >>= 1) {
            if ((index & 1) == 1) {
                digest = Digests.node(path.get(used++), digest);
            } else if (index < last) {
                digest = Digests.node(digest, path.get(used++));
            }
        }
        return digest;
    }

    /** How many siblings a leaf has in a tree of this size. */
    static int pathLength(int treeSize, int leafIndex) {
        int length = 0;
        for (int index = leafIndex, last = treeSize - 1; last > 0; index >>= 1, last >>= 1) {
            if ((index & 1) == 1 || index != last) {
                length++;
            }
        }
        return length;
    }
}
