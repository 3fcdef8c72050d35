package dev.throughline.identify;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A queue from which items are taken by owner in turns: between two items of one owner, each other owner with an item is
 * served. Items of one owner keep their order. An owner who had no items is next, before those who had some all the time, but
 * only once in a round: after that it is served last (as for flows in RFC 8290, section 4.1). Not thread-safe.
 */
public final class RoundRobinQueue<K, T> {
    /** An item and its owner. */
    public record Turn<K, T>(K owner, T item) {}

    private final int perOwner;
    private final int total;
    /** Owners who had no items when they came, and have not been served since. */
    private final SequencedMap<K, Deque<T>> fresh = new LinkedHashMap<>();
    /** Owners in the order of their turns. One without items stays until its next turn. */
    private final SequencedMap<K, Deque<T>> served = new LinkedHashMap<>();

    private int size;

    /** Creates a queue without limits. */
    public RoundRobinQueue() {
        this(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    /**
     * Creates a queue with limits.
     *
     * @param perOwner items of one owner
     * @param total items of all owners; when the queue is full, the owner with the most items loses its newest
     */
    RoundRobinQueue(int perOwner, int total) {
        this.perOwner = perOwner;
        this.total = total;
    }

    /** Adds an item. Returns the item that doesn't fit: this one, or the newest of the owner with the most items. */
    public Optional<Turn<K, T>> add(K owner, T item) {
        Deque<T> own = itemsOf(owner);
        int count = own == null ? 0 : own.size();
        if (count >= perOwner) {
            return Optional.of(new Turn<>(owner, item));
        }
        Optional<Turn<K, T>> displaced = Optional.empty();
        if (size >= total) {
            Map.Entry<K, Deque<T>> most = most();
            if (most.getValue().size() <= count + 1) {
                return Optional.of(new Turn<>(owner, item));
            }
            displaced = Optional.of(new Turn<>(most.getKey(), most.getValue().removeLast()));
            size--;
        }
        putBack(owner, item);
        return displaced;
    }

    private @Nullable Deque<T> itemsOf(K owner) {
        Deque<T> items = served.get(owner);
        return items == null ? fresh.get(owner) : items;
    }

    private Map.Entry<K, Deque<T>> most() {
        return Stream.concat(fresh.entrySet().stream(), served.entrySet().stream())
                .max(Comparator.comparingInt(owner -> owner.getValue().size()))
                .orElseThrow();
    }

    /** Adds a partly served item behind the owner's others, even if the queue is full. */
    void putBack(K owner, T item) {
        Deque<T> own = served.get(owner);
        (own == null ? fresh.computeIfAbsent(owner, _ -> new ArrayDeque<>()) : own).addLast(item);
        size++;
    }

    /** Removes and returns the oldest item of the owner whose turn it is. */
    public Optional<Turn<K, T>> next() {
        return next(_ -> true);
    }

    /** Removes and returns the oldest item that can be served, of the first owner in turn who has one. */
    Optional<Turn<K, T>> next(Predicate<T> canBeServed) {
        if (size == 0) {
            clear();
            return Optional.empty();
        }
        Turn<K, T> next = next(fresh, canBeServed);
        return Optional.ofNullable(next == null ? next(served, canBeServed) : next);
    }

    private @Nullable Turn<K, T> next(SequencedMap<K, Deque<T>> owners, Predicate<T> canBeServed) {
        for (Iterator<Map.Entry<K, Deque<T>>> each = owners.entrySet().iterator(); each.hasNext(); ) {
            Map.Entry<K, Deque<T>> owner = each.next();
            if (owner.getValue().isEmpty()) {
                each.remove();
                continue;
            }
            for (Iterator<T> items = owner.getValue().iterator(); items.hasNext(); ) {
                T item = items.next();
                if (canBeServed.test(item)) {
                    items.remove();
                    each.remove();
                    served.putLast(owner.getKey(), owner.getValue());
                    size--;
                    return new Turn<>(owner.getKey(), item);
                }
            }
        }
        return null;
    }

    /** Removes an item, if the owner has it. */
    void remove(K owner, T item) {
        Deque<T> own = itemsOf(owner);
        if (own != null && own.remove(item)) {
            size--;
        }
        if (size == 0) {
            clear();
        }
    }

    private void clear() {
        fresh.clear();
        served.clear();
    }

    int size() {
        return size;
    }

    public boolean isEmpty() {
        return size == 0;
    }
}
