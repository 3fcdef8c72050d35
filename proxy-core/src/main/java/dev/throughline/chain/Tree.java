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
        List<Bytes> path = new ArrayList<>(levels.size() - 1);
        int index = leaf;
        for (Bytes[] level : levels) {
            int sibling = index ^ 1;
            if (sibling < level.length) {
                path.add(level[sibling]);
            }
            index >>= 1;
        }
        return List.copyOf(path);
    }
}
