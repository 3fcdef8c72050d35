package dev.throughline.chain;

import dev.throughline.originator.ProcessIdentity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cache of the details of processes, encoded and committed to once for each process: signing a header of a batch of 64 takes
 * 1.9 instead of 5.1 µs. The flows of a process then share their salts, which makes their closed details comparable; so do pid
 * and start time, which are in every core. A process without these gets fresh salts each time. A process has one entry, which
 * another may replace, so lookups take constant time whatever names and numbers processes choose. Thread-safe.
 */
final class ProcessDetails {
    private static final int PLACES = 4096;

    private record Known(ProcessIdentity who, List<Detail> details) {}

    private final Salts salts;
    /**
     * Written and read by all threads without a lock: entries are immutable, and a thread that misses one only draws new salts.
     */
    private final @Nullable Known[] places = new Known[PLACES];

    ProcessDetails(Salts salts) {
        this.salts = salts;
    }

    /** Returns the details of {@code who}: cached ones only if all that is known of the process is equal. */
    List<Detail> of(ProcessIdentity who) {
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
