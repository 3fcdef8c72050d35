package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.ProcessIdentity;
import org.jspecify.annotations.Nullable;

/**
 * The details of processes that opened flows lately, encoded and committed to once a process. Its flows then share their
 * salts, which makes closed details of flows of one process comparable: its pid and start time, in every core, do so
 * anyway. A process that isn't known by these gets fresh salts each time. Each process has one place, which it may lose
 * to another: no name or number that a process chooses can make a search long. Safe for use by several threads.
 */
final class ProcessDetails {
    private static final int PLACES = 4096;

    private record Known(ProcessIdentity who, ImmutableList<Detail> details) {}

    private final Salts salts;
    /**
     * Written and read by all threads without a lock: what is in a place is immutable, and a thread that doesn't see it yet
     * only draws new salts.
     */
    private final @Nullable Known[] places = new Known[PLACES];

    ProcessDetails(Salts salts) {
        this.salts = salts;
    }

    /** Those of {@code who}. Anything else than exactly the same process, running the same code, has others. */
    ImmutableList<Detail> of(ProcessIdentity who) {
        if (who.process().isEmpty()) {
            return DetailCodec.details(who, salts::next);
        }
        int place = Math.floorMod(who.process().get().hashCode(), PLACES);
        Known known = places[place];
        if (known == null || !known.who.equals(who)) {
            known = new Known(who, DetailCodec.details(who, salts::next));
            places[place] = known;
        }
        return known.details;
    }
}
