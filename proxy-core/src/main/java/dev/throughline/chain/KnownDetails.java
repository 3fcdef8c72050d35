package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.ProcessIdentity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cache of the details of verified origins, as encoded and as decoded. All flows of a process carry the same details, which
 * then needn't be decoded and committed to again: verifying a header of a batch of 64 takes 4.6 instead of 5.4 µs. Details
 * that differ in one byte are decoded, so no answer depends on the cache. Only verified details are added, and each replaces
 * at most one entry, so strangers can't fill it, and lookups take constant time. Thread-safe.
 */
final class KnownDetails {
    /** Holds nothing. */
    static final KnownDetails NONE = new KnownDetails(0);

    /** Capacity in processes, of about 1 KB each. */
    static final int DEFAULT_PLACES = 1024;

    /** After kind, form and length: random in an honest salt and in every commitment. */
    private static final int PLACE_AT = 4;

    private record Known(Bytes travelled, DetailSection section) {}

    /**
     * Written and read by all threads without a lock: entries are immutable, and a thread that misses one only decodes again.
     */
    private final @Nullable Known[] places;

    KnownDetails(int places) {
        this.places = new Known[places];
    }

    /** Reads {@code in} to its end. */
    DetailSection read(ByteReader in) throws WireException {
        if (places.length > 0 && in.left() >= PLACE_AT + Integer.BYTES) {
            Bytes travelled = in.rest();
            Known known = places[place(travelled, PLACE_AT)];
            if (known != null && known.travelled.equals(travelled)) {
                return known.section;
            }
        }
        return DetailSection.read(in);
    }

    /** Adds the details of an origin that was read here and whose signatures are verified. */
    void remember(OriginBlock verified) {
        List<Detail> details = verified.details();
        if (places.length == 0 || details.isEmpty()) {
            return;
        }
        int place = details.getFirst() instanceof Detail.Open(Opening opening)
                ? place(opening.salt(), 0)
                : place(details.getFirst().commitment(), 0);
        Known known = places[place];
        if (known == null || !known.section.details().equals(details)) {
            ByteWriter travelled = new ByteWriter(DetailSection.size(details));
            DetailSection.write(details, travelled);
            ProcessIdentity who = verified.claim().unverified().identity();
            places[place] = new Known(
                    travelled.toBytes(), new DetailSection(details, who.code(), who.workload(), who.processContext()));
        }
    }

    private int place(Bytes bytes, int at) {
        int random = bytes.at(at) << 24 | bytes.at(at + 1) << 16 | bytes.at(at + 2) << 8 | bytes.at(at + 3);
        return Integer.remainderUnsigned(random, places.length);
    }
}
