package dev.throughline.report;

import org.jspecify.annotations.Nullable;

/**
 * Members that recent objects had in common, such as the names of listener, rule and next hop, encoded once. Their values are compared
 * by reference. Members replace at most one other entry, so lookups take constant time. Not thread-safe.
 */
final class KnownMembers {
    private static final int ENTRIES = 64;
    /** Longer texts are not kept, so that the memory is bounded. Usual ones have 50 to 100 bytes. */
    private static final int MAX_BYTES = 512;

    private static final class Entry {
        private final Object kind;
        private final Object first;
        private final Object second;
        private final byte[] text;

        Entry(Object kind, Object first, Object second, byte[] text) {
            this.kind = kind;
            this.first = first;
            this.second = second;
            this.text = text;
        }
    }

    private final @Nullable Entry[] entries = new Entry[ENTRIES];

    /** Returns the text of the members of one kind with these values; null if it isn't known. */
    @SuppressWarnings("ReferenceEquality")
    byte @Nullable [] find(Object kind, Object first, Object second) {
        Entry entry = entries[index(kind, first, second)];
        return entry != null && entry.first == first && entry.second == second && entry.kind == kind
                ? entry.text
                : null;
    }

    /** Adds a text, which must not be modified afterwards. */
    void add(Object kind, Object first, Object second, byte[] text) {
        if (text.length <= MAX_BYTES) {
            entries[index(kind, first, second)] = new Entry(kind, first, second, text);
        }
    }

    private static int index(Object kind, Object first, Object second) {
        return (System.identityHashCode(kind) + System.identityHashCode(first) + 31 * System.identityHashCode(second))
                & (ENTRIES - 1);
    }
}
