package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The chains that were presented and haven't expired yet. Each may be presented once, and each flow at most three times
 * (an application that races several addresses). Entries leave when they expire and never before: a cache that evicts
 * could be flooded until it forgets, so a full window refuses instead. Safe for use by several threads.
 */
public final class ReplayWindow {
    static final int FLOW_LIMIT = 3;

    /** What expires within one second. */
    private record Bucket(Set<Bytes> digests, List<FlowId> flows) {}

    private final int capacity;
    private final TreeMap<Long, Bucket> buckets = new TreeMap<>();
    private final Map<FlowId, Integer> flows = new HashMap<>();
    private int size;
    private long lastForgotten = Long.MIN_VALUE;

    /**
     * An empty window.
     *
     * @param capacity for how many chains; one takes about 250 bytes
     */
    public ReplayWindow(int capacity) {
        this.capacity = capacity;
    }

    /**
     * Remembers a chain until {@code expiry}.
     *
     * @param digest the digest of its last link
     * @return why it may not pass, if it may not
     */
    synchronized Optional<RejectReason> present(Bytes digest, FlowId flow, Instant expiry, Instant now) {
        forget(now);
        // A clock that went back must not bring back what was forgotten: of those seconds nothing is known any more.
        if (expiry.getEpochSecond() <= lastForgotten) {
            return Optional.of(RejectReason.EXPIRED);
        }
        // The bucket follows from the chain itself, so that one chain always meets its own earlier presentation.
        Bucket bucket = buckets.computeIfAbsent(
                expiry.getEpochSecond(), second -> new Bucket(new HashSet<>(), new ArrayList<>()));
        if (bucket.digests.contains(digest)) {
            return Optional.of(RejectReason.REPLAYED);
        }
        if (flows.getOrDefault(flow, 0) >= FLOW_LIMIT) {
            return Optional.of(RejectReason.FLOW_REPEATED);
        }
        if (size >= capacity) {
            return Optional.of(RejectReason.REPLAY_STORE_FULL);
        }
        bucket.digests.add(digest);
        bucket.flows.add(flow);
        flows.merge(flow, 1, Integer::sum);
        size++;
        return Optional.empty();
    }

    /** {@return how many chains are remembered} */
    public synchronized int size() {
        return size;
    }

    private void forget(Instant now) {
        // A second that has begun may still hold an unexpired chain: only those that are over are dropped.
        while (!buckets.isEmpty() && buckets.firstKey() < now.getEpochSecond()) {
            lastForgotten = buckets.firstKey();
            Bucket over = buckets.pollFirstEntry().getValue();
            size -= over.digests.size();
            for (FlowId flow : over.flows) {
                flows.computeIfPresent(flow, (id, count) -> count == 1 ? null : count - 1);
            }
        }
    }
}
