package dev.throughline.report;

import dev.throughline.originator.ProcessIdentity;
import org.jspecify.annotations.Nullable;

/**
 * The encoded identities of recent processes. All flows of a process have the same objects for its details, so these are compared by
 * reference and encoded once. A process replaces at most one other, so lookups take constant time. Not thread-safe.
 */
final class KnownProcesses {
    private static final int ENTRIES = 64;
    /** Longer identities are not kept, so that the memory is bounded. Usual ones have 300 to 600 bytes. */
    private static final int MAX_BYTES = 1200;

    /** An encoded identity. */
    static final class Entry {
        private final ProcessIdentity who;
        private final byte[] members;
        private final int detailsAt;

        Entry(ProcessIdentity who, byte[] members, int detailsAt) {
            this.who = who;
            this.members = members;
            this.detailsAt = detailsAt;
        }

        /** The members of {@link OriginatorJson#process}, and those of {@link OriginatorJson#details}. */
        byte[] members() {
            return members;
        }

        /** Where those of {@link OriginatorJson#details} start. */
        int detailsAt() {
            return detailsAt;
        }

        @SuppressWarnings("ReferenceEquality")
        private boolean hasDetailsOf(ProcessIdentity other) {
            return who.code() == other.code()
                    && who.processContext() == other.processContext()
                    && who.workload() == other.workload();
        }

        /** Returns whether all members are those of an identity that has the same details. */
        @SuppressWarnings("ReferenceEquality")
        boolean isOf(ProcessIdentity other) {
            return who == other
                    || (who.evidence() == other.evidence()
                            && who.system() == other.system()
                            && who.process().equals(other.process())
                            && who.credentials().equals(other.credentials()));
        }
    }

    private final @Nullable Entry[] entries = new Entry[ENTRIES];

    /** Returns the encoded identity of a process with the details of {@code who}; null if there is none. */
    @Nullable
    Entry find(ProcessIdentity who) {
        Entry entry = entries[index(who)];
        return entry != null && entry.hasDetailsOf(who) ? entry : null;
    }

    /** Adds an encoded identity, which must not be modified afterwards. */
    void add(ProcessIdentity who, byte[] members, int detailsAt) {
        if (members.length <= MAX_BYTES) {
            entries[index(who)] = new Entry(who, members, detailsAt);
        }
    }

    private static int index(ProcessIdentity who) {
        return (System.identityHashCode(who.code()) + System.identityHashCode(who.processContext())) & (ENTRIES - 1);
    }
}
