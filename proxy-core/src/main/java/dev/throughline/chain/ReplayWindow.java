package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The chains that were presented and haven't expired yet. Each may be presented once, and each flow at most three times
 * (an application that races several addresses). Entries leave when they expire and never before: a cache that evicts
 * could be flooded until it forgets, so a full window refuses instead. Safe for use by several threads.
 *
 * <p>What expires together is kept together and is forgotten at once, so that no header waits while thousands are.
 */
public final class ReplayWindow {
    static final int FLOW_LIMIT = 3;

    /** Flows are counted by coarser times than chains: a count is the sum over all times that aren't over. */
    private static final int FLOW_SECONDS = 8;

    private final int capacity;
    /** Digests by the second in which their chains expire. */
    private final TreeMap<Long, Set<Bytes>> chains = new TreeMap<>();
    /** How often a flow was presented, by the eight seconds in which the chain expires. */
    private final TreeMap<Long, Map<FlowId, Integer>> flows = new TreeMap<>();

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
        long second = expiry.getEpochSecond();
        // A clock that went back must not bring back what was forgotten: of those seconds nothing is known any more.
        if (second <= lastForgotten) {
            return Optional.of(RejectReason.EXPIRED);
        }
        // The place follows from the chain itself, so that one chain always meets its own earlier presentation.
        Set<Bytes> sameSecond = chains.computeIfAbsent(second, any -> new HashSet<>());
        if (!sameSecond.add(digest)) {
            return Optional.of(RejectReason.REPLAYED);
        }
        Optional<RejectReason> problem = timesPresented(flow) >= FLOW_LIMIT
                ? Optional.of(RejectReason.FLOW_REPEATED)
                : size >= capacity ? Optional.of(RejectReason.REPLAY_STORE_FULL) : Optional.empty();
        if (problem.isPresent()) {
            sameSecond.remove(digest);
            return problem;
        }
        flows.computeIfAbsent(Math.floorDiv(second, FLOW_SECONDS), any -> new HashMap<>())
                .merge(flow, 1, Integer::sum);
        size++;
        return problem;
    }

    private int timesPresented(FlowId flow) {
        int times = 0;
        for (Map<FlowId, Integer> counts : flows.values()) {
            times += counts.getOrDefault(flow, 0);
        }
        return times;
    }

    /** {@return how many chains are remembered} */
    public synchronized int size() {
        return size;
    }

    /** {@return how many chains can be remembered} */
    public int capacity() {
        return capacity;
    }

    private void forget(Instant now) {
        long second = now.getEpochSecond();
        // A second that has begun may still hold an unexpired chain: only those that are over are dropped.
        while (!chains.isEmpty() && chains.firstKey() < second) {
            lastForgotten = chains.firstKey();
            size -= chains.pollFirstEntry().getValue().size();
        }
        while (!flows.isEmpty() && flows.firstKey() < Math.floorDiv(second, FLOW_SECONDS)) {
            flows.pollFirstEntry();
        }
    }
}
