package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.ArrayList;
import java.util.List;

/**
 * The Merkle tree over the leaves of a batch (RFC 6962, section 2.1). A node without a sibling moves up unchanged, which gives
 * the same root as the recursive definition.
 */
final class Tree {
    /** Levels from the leaves up; the last has one node. */
    private final List<Bytes[]> levels = new ArrayList<>();

    /** Builds the tree over at least one leaf. */
    Tree(Bytes[] leaves) {
        Bytes[] level = leaves;
        levels.add(level);
        while (level.length > 1) {
            Bytes[] above = new Bytes[(level.length + 1) / 2];
            for (int i = 0; i < above.length; i++) {
                above[i] = 2 * i + 1 < level.length ? Digests.node(level[2 * i], level[2 * i + 1]) : level[2 * i];
            }
            level = above;
            levels.add(level);
        }
    }

    int size() {
        return levels.getFirst().length;
    }

    Bytes root() {
        return levels.getLast()[0];
    }

    /** Returns the siblings of a leaf from the bottom up (RFC 6962, section 2.1.1). */
    List<Bytes> path(int leaf) {
        Bytes[] path = new Bytes[Proof.pathLength(size(), leaf)];
        int used = 0;
        int index = leaf;
        for (int level = 0; used < path.length; level++) {
            Bytes[] nodes = levels.get(level);
            int sibling = index ^ 1;
            if (sibling < nodes.length) {
                path[used++] = nodes[sibling];
            }
            index >>= 1;
        }
        return List.of(path);
    }
}
