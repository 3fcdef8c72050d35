package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * A bounded set of items, shared by originators like the slots of a pool: when it is full, the newest item of the largest
 * originator is removed. Not thread-safe.
 *
 * @param <T> type of the items; an item can be in the set once
 */
public final class SharedSet<T> {
    private final ShareTree shares = new ShareTree();
    private final Map<ShareTree.Leaf, SequencedSet<T>> items = new HashMap<>();
    /** The process that had no items left last. It stays in the tree, since it often has the next item, too. */
    private ShareTree.@Nullable Leaf emptied;

    private int capacity;

    /**
     * Creates an empty set.
     *
     * @param capacity number of items, 0 or more
     */
    public SharedSet(int capacity) {
        capacity(capacity);
    }

    /**
     * Changes the capacity. Items stay, even if they exceed it.
     *
     * @param most maximum number of items, 0 or more
     */
    public void capacity(int most) {
        checkArgument(most >= 0, "a capacity of %s", most);
        capacity = most;
    }

    /** {@return the number of items} */
    public int size() {
        return shares.count();
    }

    /**
     * Adds an item if there is space for it, or if {@code who} is within its share and another originator has more.
     *
     * @param who account of the item
     * @param item an item that isn't in the set
     * @return the item that was removed, which is the newest of the largest process of the largest executable, user and host;
     *     or {@code item} itself if it wasn't added
     */
    public Optional<T> add(Account who, T item) {
        ShareTree.Leaf process = shares.process(who);
        shares.hold(process);
        shares.add(process);
        of(process).addLast(item);
        if (size() <= capacity) {
            return Optional.empty();
        }
        ShareTree.Leaf most = shares.giver(process, capacity).orElse(process);
        T leaves = of(most).getLast();
        remove(most, leaves);
        return Optional.of(leaves);
    }

    /**
     * Removes an item.
     *
     * @param who account of the item
     * @param item any item
     * @return whether it was in the set
     */
    public boolean remove(Account who, T item) {
        Optional<ShareTree.Leaf> process = shares.find(who);
        return process.isPresent() && remove(process.get(), item);
    }

    private boolean remove(ShareTree.Leaf process, T item) {
        SequencedSet<T> own = items.get(process);
        if (own == null || !own.remove(item)) {
            return false;
        }
        shares.remove(process);
        if (own.isEmpty() && emptied != process) {
            ShareTree.Leaf before = emptied;
            emptied = process;
            if (before != null) {
                release(before);
            }
        } else {
            release(process);
        }
        return true;
    }

    private void release(ShareTree.Leaf process) {
        if (shares.removeUnused(process)) {
            items.remove(process);
        }
    }

    private SequencedSet<T> of(ShareTree.Leaf process) {
        SequencedSet<T> own = items.get(process);
        if (own == null) {
            own = new LinkedHashSet<>();
            items.put(process, own);
        }
        return own;
    }
}
