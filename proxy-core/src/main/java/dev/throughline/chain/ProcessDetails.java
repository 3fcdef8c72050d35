package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.ProcessIdentity;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The details of processes that opened flows lately, encoded and committed to once a process. Its flows then share their
 * salts, which makes closed details of flows of one process comparable: its pid and start time, in every core, do so
 * anyway. A process that isn't known by these gets fresh salts each time. Safe for use by several threads.
 */
final class ProcessDetails {
    private static final int CAPACITY = 4096;

    private final Salts salts;
    private final Map<ProcessIdentity, ImmutableList<Detail>> known = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ProcessIdentity, ImmutableList<Detail>> eldest) {
            return size() > CAPACITY;
        }
    };

    ProcessDetails(Salts salts) {
        this.salts = salts;
    }

    /** Those of {@code who}. Anything else than exactly the same process, running the same code, has others. */
    ImmutableList<Detail> of(ProcessIdentity who) {
        if (who.process().isEmpty()) {
            return OriginCodec.details(who, salts::next);
        }
        synchronized (known) {
            return known.computeIfAbsent(who, process -> OriginCodec.details(process, salts::next));
        }
    }
}
