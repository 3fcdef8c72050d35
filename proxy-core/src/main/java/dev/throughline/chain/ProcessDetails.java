package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.ProcessIdentity;
import org.jspecify.annotations.Nullable;

/**
 * A cache of encoded details with their commitments, and of the process in the core, one entry for each process: signing a header of a batch of 64 takes 1.9
 * instead of 5.1 µs. The flows of a process then share their salts, which makes their closed details comparable; so do pid and
 * start time, which are in every core. A process without these gets fresh salts each time. A new process may replace the entry
 * of another, so lookups take constant time with any names and numbers. Thread-safe.
 */
final class ProcessDetails {
    private static final int CAPACITY = 4096;

    /**
     * What a process has in the origins of all its flows.
     *
     * @param core the fields of the core that {@link OriginCodec#process} writes
     */
    record Entry(ProcessIdentity who, DetailList details, Bytes core) {}

    private final Salts salts;
    /**
     * Accessed without a lock: entries are immutable, and a thread that misses one only draws new salts.
     */
    private final @Nullable Entry[] entries = new Entry[CAPACITY];

    ProcessDetails(Salts salts) {
        this.salts = salts;
    }

    /** Returns the entry of {@code who}; a cached one only if the whole identity is equal. */
    @SuppressWarnings("ReferenceEquality") // the flows of a process usually share one identity
    Entry of(ProcessIdentity who) {
        if (who.process().isEmpty()) {
            return encode(who);
        }
        int index = Math.floorMod(who.process().get().hashCode(), CAPACITY);
        Entry known = entries[index];
        if (known == null || (known.who != who && !known.who.equals(who))) {
            known = encode(who);
            entries[index] = known;
        }
        return known;
    }

    private Entry encode(ProcessIdentity who) {
        Fields.Writer core = new Fields.Writer();
        OriginCodec.process(core, who);
        return new Entry(who, DetailList.of(DetailCodec.details(who, salts::next)), core.toBytes());
    }
}
