package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.originator.ProcessIdentity;
import org.jspecify.annotations.Nullable;

/**
 * The details of origins that were verified lately, each as it travelled and as it was read: all flows of a process bring
 * the same, which then needs no second reading and no second commitment. What differs in a byte is read again, so
 * the answer never depends on this memory. Only what was verified is remembered, and it takes the place of one other, so
 * that a stranger can't fill it and nobody can make a search in it long. Safe for use by several threads.
 */
final class KnownDetails {
    /** Remembers nothing. */
    static final KnownDetails NONE = new KnownDetails(0);

    /** Capacity in processes, of about 1 KB each. */
    static final int DEFAULT_PLACES = 1024;

    /** After kind, form and length: random in an honest salt and in every commitment. */
    private static final int PLACE_AT = 4;

    private record Known(Bytes travelled, DetailSection section) {}

    /**
     * Written and read by all threads without a lock: what is in a place is immutable, and a thread that doesn't see it yet
     * only reads again.
     */
    private final @Nullable Known[] places;

    KnownDetails(int places) {
        this.places = new Known[places];
    }

    /** Reads all that {@code in} holds. */
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

    /** Remembers the details of an origin that was read here and whose signatures hold. */
    void remember(OriginBlock verified) {
        ImmutableList<Detail> details = verified.details();
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
