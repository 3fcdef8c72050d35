package dev.throughline.budget;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a process is in the tree of each pool, found in one step for all of them. */
final class ProcessTable {
    private final Map<Account, ShareTree.@Nullable Leaf[]> nodes = new HashMap<>();

    /** Its nodes by the numbers of the pools; those that it isn't in are missing. */
    ShareTree.@Nullable Leaf[] of(Account who, int pools) {
        ShareTree.@Nullable Leaf @Nullable [] found = nodes.get(who);
        if (found == null || found.length < pools) {
            found = found == null ? new ShareTree.Leaf[pools] : Arrays.copyOf(found, pools);
            nodes.put(who, found);
        }
        return found;
    }

    /** Places of a process in one pool. */
    int count(Account who, int pool) {
        ShareTree.@Nullable Leaf @Nullable [] found = nodes.get(who);
        ShareTree.@Nullable Leaf node = found == null || found.length <= pool ? null : found[pool];
        return node == null ? 0 : node.places();
    }

    /** It isn't in a pool any more. */
    void remove(Account who, int pool) {
        ShareTree.@Nullable Leaf @Nullable [] found = nodes.get(who);
        if (found != null) {
            found[pool] = null;
            if (Arrays.stream(found).allMatch(node -> node == null)) {
                nodes.remove(who);
            }
        }
    }

    boolean isEmpty() {
        return nodes.isEmpty();
    }
}
