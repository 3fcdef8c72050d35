package dev.throughline.identify;

import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A bounded map that keeps the entries that were used last. It has two generations: a full one becomes the old one, whose entries
 * are dropped with the next change unless they are used. Thread-safe; finding a recently used entry takes no lock.
 */
final class RecentMap<K, V> {
    private final int generationSize;
    private volatile ConcurrentHashMap<K, V> recent = new ConcurrentHashMap<>();
    private ConcurrentHashMap<K, V> old = new ConcurrentHashMap<>();

    /** Creates a map for at most {@code capacity} entries. The last used ones are kept, at least half of that number. */
    RecentMap(int capacity) {
        this.generationSize = capacity / 2;
    }

    /** Returns the value of a key, or null. */
    @Nullable
    V get(K key) {
        V value = recent.get(key);
        return value != null ? value : getOld(key);
    }

    private synchronized @Nullable V getOld(K key) {
        V value = old.remove(key);
        return value == null ? recent.get(key) : add(key, value);
    }

    /** Adds an entry if its key has none; otherwise returns the value that the key has. */
    synchronized @Nullable V putIfAbsent(K key, V value) {
        V before = get(key);
        if (before == null) {
            add(key, value);
        }
        return before;
    }

    private V add(K key, V value) {
        if (recent.size() >= generationSize) {
            old = recent;
            recent = new ConcurrentHashMap<>();
        }
        recent.put(key, value);
        return value;
    }

    /** Removes a key if it has this value. */
    synchronized void remove(K key, V value) {
        if (!recent.remove(key, value)) {
            old.remove(key, value);
        }
    }
}
