package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.ProcessIdentity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cache of the details of verified origins, encoded and decoded. All flows of a process carry the same details, so they need
 * not be decoded and committed to again: verifying a header of a batch of 64 takes 4.6 instead of 5.4 µs. Details that differ
 * in one byte are decoded, so no result depends on the cache. Only verified details are added, and each replaces at most one
 * entry, so strangers can't fill it, and lookups take constant time. Thread-safe.
 */
final class KnownDetails {
    /** A cache without capacity. */
    static final KnownDetails NONE = new KnownDetails(0);

    /** Maximum number of processes, about 1 KB each. */
    static final int DEFAULT_CAPACITY = 1024;

    /** Offset of the hash in a detail, after kind, form and length: random in an honest salt and in every commitment. */
    private static final int HASH_AT = 4;

    private record Entry(Bytes encoded, DetailSection section) {}

    /**
     * Accessed without a lock: entries are immutable, and a thread that misses one only decodes again.
     */
    private final @Nullable Entry[] entries;

    KnownDetails(int entries) {
        this.entries = new Entry[entries];
    }

    /** Reads {@code in} to its end. */
    DetailSection read(ByteReader in) throws WireException {
        if (entries.length > 0 && in.left() >= HASH_AT + Integer.BYTES) {
            Bytes encoded = in.rest();
            Entry known = entries[index(encoded, HASH_AT)];
            if (known != null && known.encoded.equals(encoded)) {
                return known.section;
            }
        }
        return DetailSection.read(in);
    }

    /** Adds the details of an origin that {@link #read} decoded and whose signatures are verified. */
    void remember(OriginBlock verified) {
        List<Detail> details = verified.details();
        if (entries.length == 0 || details.isEmpty()) {
            return;
        }
        int index = details.getFirst() instanceof Detail.Open(Opening opening)
                ? index(opening.salt(), 0)
                : index(details.getFirst().commitment(), 0);
        Entry known = entries[index];
        if (known == null || !known.section.details().equals(details)) {
            ProcessIdentity who = verified.claim().unverified().identity();
            entries[index] = new Entry(
                    DetailList.of(details).encoded(),
                    new DetailSection(details, who.code(), who.workload(), who.processContext()));
        }
    }

    private int index(Bytes bytes, int at) {
        int random = bytes.at(at) << 24 | bytes.at(at + 1) << 16 | bytes.at(at + 2) << 8 | bytes.at(at + 3);
        return Integer.remainderUnsigned(random, entries.length);
    }
}
