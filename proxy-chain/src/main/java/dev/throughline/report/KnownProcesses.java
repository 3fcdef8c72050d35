package dev.throughline.report;

import dev.throughline.originator.ProcessIdentity;
import org.jspecify.annotations.Nullable;

/**
 * The encoded details of recent processes. All flows of a process have the same objects for its details, so these are compared by
 * reference and encoded once. A process replaces at most one other, so lookups take constant time. Not thread-safe.
 */
final class KnownProcesses {
    private static final int ENTRIES = 64;
    /** Longer details are not kept, so that the memory is bounded. Usual ones have 200 to 500 bytes. */
    private static final int MAX_BYTES = 1024;

    private static final class Entry {
        private final ProcessIdentity who;
        private final byte[] members;

        Entry(ProcessIdentity who, byte[] members) {
            this.who = who;
            this.members = members;
        }

        @SuppressWarnings("ReferenceEquality")
        boolean isOf(ProcessIdentity other) {
            return who.code() == other.code()
                    && who.processContext() == other.processContext()
                    && who.workload() == other.workload();
        }
    }

    private final @Nullable Entry[] entries = new Entry[ENTRIES];

    /** Returns the encoded details of {@code who}; null if they are not known. */
    byte @Nullable [] find(ProcessIdentity who) {
        Entry entry = entries[index(who)];
        return entry != null && entry.isOf(who) ? entry.members : null;
    }

    /** Adds the encoded details of {@code who}, which must not be modified afterwards. */
    void add(ProcessIdentity who, byte[] members) {
        if (members.length <= MAX_BYTES) {
            entries[index(who)] = new Entry(who, members);
        }
    }

    private static int index(ProcessIdentity who) {
        return (System.identityHashCode(who.code()) + System.identityHashCode(who.processContext())) & (ENTRIES - 1);
    }
}
