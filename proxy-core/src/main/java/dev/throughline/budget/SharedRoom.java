package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * Room for a number of items, shared by originators like the places of a pool: if there are too many, the newest
 * item of the largest leaves. Not thread-safe.
 *
 * @param <T> compared by identity or value; none is in it twice
 */
public final class SharedRoom<T> {
    private final ShareTree shares = new ShareTree();
    private final Map<ShareTree.Leaf, SequencedSet<T>> items = new HashMap<>();
    private int capacity;

    /**
     * An empty room.
     *
     * @param capacity in items, 0 or more
     */
    public SharedRoom(int capacity) {
        capacity(capacity);
    }

    /**
     * Sets for how many items there is room. Those that are in it stay.
     *
     * @param most 0 or more
     */
    public void capacity(int most) {
        checkArgument(most >= 0, "room for %s", most);
        capacity = most;
    }

    /** {@return how many items are in it} */
    public int size() {
        return shares.count();
    }

    /**
     * An item comes in, if there is room for it, or {@code who} is within its share of the room and another has more.
     *
     * @param who it counts for
     * @param item that isn't in the room yet
     * @return what has to leave for it: the newest item of the process with the most, in the executable, user and host with
     *     the most; or the item itself
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
     * An item leaves.
     *
     * @param who it counted for
     * @param item that may be in the room
     * @return whether it was in the room
     */
    public boolean remove(Account who, T item) {
        return shares.find(who).map(process -> remove(process, item)).orElse(false);
    }

    private boolean remove(ShareTree.Leaf process, T item) {
        if (!of(process).remove(item)) {
            return false;
        }
        shares.remove(process);
        if (shares.letGo(process)) {
            items.remove(process);
        }
        return true;
    }

    private SequencedSet<T> of(ShareTree.Leaf process) {
        return items.computeIfAbsent(process, _ -> new LinkedHashSet<>());
    }
}
