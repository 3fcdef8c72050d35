package dev.throughline.flow;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Items that are taken by their owners in turns: between two of one owner, each other owner that has any gets one taken. Those
 * of one owner keep their order. Not thread-safe.
 */
final class Turns<K, T> {
    private final SequencedMap<K, Deque<T>> waiting = new LinkedHashMap<>();

    void add(K owner, T item) {
        waiting.computeIfAbsent(owner, _ -> new ArrayDeque<>()).addLast(item);
    }

    /** Takes an item of the owner whose last turn is longest ago. */
    Optional<T> next() {
        Map.Entry<K, Deque<T>> first = waiting.pollFirstEntry();
        if (first == null) {
            return Optional.empty();
        }
        T item = first.getValue().removeFirst();
        if (!first.getValue().isEmpty()) {
            waiting.putLast(first.getKey(), first.getValue());
        }
        return Optional.of(item);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }
}
