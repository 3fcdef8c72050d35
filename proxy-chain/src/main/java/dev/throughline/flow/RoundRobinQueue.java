package dev.throughline.flow;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Items that are taken by their owners in turns: between two of one owner, each other owner that has any gets one taken. Those
 * of one owner keep their order. An owner who had none is next, before those who have had items all the time, but only once in a
 * round of these: then it takes its place at their end (as flows do in RFC 8290, section 4.1). Not thread-safe.
 */
final class RoundRobinQueue<K, T> {
    private final SequencedMap<K, Deque<T>> fresh = new LinkedHashMap<>();
    /** An owner whose items are all taken stays until its next turn. */
    private final SequencedMap<K, Deque<T>> served = new LinkedHashMap<>();

    private int size;

    void add(K owner, T item) {
        size++;
        Deque<T> its = served.get(owner);
        (its == null ? fresh.computeIfAbsent(owner, _ -> new ArrayDeque<>()) : its).addLast(item);
    }

    /** Takes the item whose turn it is. */
    Optional<T> next() {
        if (size == 0) {
            fresh.clear();
            served.clear();
            return Optional.empty();
        }
        Map.Entry<K, Deque<T>> first = fresh.pollFirstEntry();
        while (first == null) {
            Map.Entry<K, Deque<T>> next = served.pollFirstEntry();
            first = next.getValue().isEmpty() ? null : next;
        }
        size--;
        T item = first.getValue().removeFirst();
        served.putLast(first.getKey(), first.getValue());
        return Optional.of(item);
    }

    boolean isEmpty() {
        return size == 0;
    }
}
