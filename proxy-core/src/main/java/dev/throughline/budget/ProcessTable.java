package dev.throughline.budget;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A table of processes, with their nodes in the trees of all pools, for one lookup instead of one for each pool. */
final class ProcessTable {
    private final Map<Account, ShareTree.@Nullable Leaf[]> nodes = new HashMap<>();

    /** Returns its nodes by pool number, null for pools without one. The caller adds missing ones. */
    ShareTree.@Nullable Leaf[] of(Account who, int pools) {
        ShareTree.@Nullable Leaf @Nullable [] found = nodes.get(who);
        if (found == null || found.length < pools) {
            found = found == null ? new ShareTree.Leaf[pools] : Arrays.copyOf(found, pools);
            nodes.put(who, found);
        }
        return found;
    }

    /** Returns the number of slots of a process in one pool. */
    int count(Account who, int pool) {
        ShareTree.@Nullable Leaf @Nullable [] found = nodes.get(who);
        ShareTree.@Nullable Leaf node = found == null || found.length <= pool ? null : found[pool];
        return node == null ? 0 : node.slots();
    }

    /** Removes the node of a process that has left a pool. */
    void remove(Account who, int pool) {
        ShareTree.@Nullable Leaf @Nullable [] found = nodes.get(who);
        if (found != null) {
            found[pool] = null;
            if (isEmpty(found)) {
                nodes.remove(who);
            }
        }
    }

    private static boolean isEmpty(ShareTree.@Nullable Leaf[] row) {
        for (ShareTree.Leaf node : row) {
            if (node != null) {
                return false;
            }
        }
        return true;
    }

    boolean isEmpty() {
        return nodes.isEmpty();
    }
}
