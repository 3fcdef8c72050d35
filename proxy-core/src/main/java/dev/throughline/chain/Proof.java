package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.List;

/**
 * The proof that a link's digest is a leaf of a tree whose root a key signed (RFC 6962, section 2.1.1). A single header is a
 * tree of size 1 with an empty path, so there is only one verification procedure.
 *
 * @param algorithm its code on the wire; it must be the key's own
 * @param treeSize number of leaves, 1 to 65,535
 * @param leafIndex index of this leaf, from 0
 * @param path the siblings from the leaf up, 32 bytes each; the shape of the tree determines their number
 * @param signature 64 bytes
 */
public record Proof(int algorithm, int treeSize, int leafIndex, List<Bytes> path, Bytes signature) {
    private static final int FIXED_BYTES = 69;

    /** Copies the path. */
    public Proof {
        path = List.copyOf(path);
    }

    static Proof read(ByteReader in) throws WireException {
        int start = in.offset();
        int pathBytes = in.left() - FIXED_BYTES;
        int algorithm = in.u8("the algorithm");
        int treeSize = in.u16("the tree size");
        int leafIndex = in.u16("the leaf index");
        if (treeSize == 0 || leafIndex >= treeSize) {
            throw new WireException(start + 1, "leaf " + leafIndex + " of a tree of " + treeSize + " doesn't exist");
        }
        // A path of another length would be a second encoding of the same proof, or a proof of another tree.
        if (pathBytes != Digests.SIZE * pathLength(treeSize, leafIndex)) {
            throw new WireException(
                    start,
                    "leaf " + leafIndex + " of a tree of " + treeSize + " has a path of "
                            + pathLength(treeSize, leafIndex) + " digests, found " + pathBytes + " bytes");
        }
        Bytes[] path = new Bytes[pathBytes / Digests.SIZE];
        for (int i = 0; i < path.length; i++) {
            path[i] = in.take(Digests.SIZE, "a digest of the path");
        }
        return new Proof(algorithm, treeSize, leafIndex, List.of(path), in.take(64, "the signature"));
    }

    /** Returns the size of a proof in bytes. */
    static int size(int pathLength) {
        return FIXED_BYTES + Digests.SIZE * pathLength;
    }

    void writeTo(ByteWriter out) {
        out.u8(algorithm).u16(treeSize).u16(leafIndex);
        for (Bytes sibling : path) {
            out.bytes(sibling);
        }
        out.bytes(signature);
    }

    /** Computes the root from the digest of a link (RFC 9162, section 2.1.3.2). */
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

    /** Returns the number of siblings of a leaf in a tree of this size. */
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
