package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The presented chains that haven't expired. Each may be presented once, and each flow of a host at most three times (for
 * applications that race several addresses). Entries are removed when they expire and never before: a cache that evicts could
 * be flooded until it forgets, so a full window rejects instead. Thread-safe.
 *
 * <p>First hops share the free space: each may hold {@value #SHARE} times as many chains as are free. A hop that floods gets
 * four fifths and leaves a fifth to all others, two get four ninths each and leave a ninth, and so on (dynamic thresholds, as
 * in switches with shared buffers).
 *
 * <p>Chains that expire in the same second are stored together and removed at once, so that removal never delays a header.
 *
 * <p>An expired chain is still recognised if the clock is set back and makes it fresh again: {@value #PAST} times the capacity
 * are kept in eight bytes each. Of older ones only their seconds are known: all chains of these seconds are rejected.
 */
public final class ReplayWindow {
    static final int FLOW_LIMIT = 3;
    static final int SHARE = 4;
    static final int PAST = 4;

    /**
     * Seconds after which no fresh chain can expire: more than ttl and twice the skew. A later expiry means that the clock was
     * set back; such chains must not use the capacity until then.
     */
    private static final long HORIZON = 4 * VerifierSettings.MAX_TTL.toSeconds();

    /** Flows are counted in coarser units of time than chains. A count is the sum over all units that haven't expired. */
    private static final int FLOW_SECONDS = 8;

    /** A flow of a host. Hosts with equal flow ids don't share a count. */
    private record HostFlow(HostId host, FlowId flow) implements Comparable<HostFlow> {
        private static final Comparator<HostFlow> ORDER =
                Comparator.<HostFlow>comparingLong(key -> key.host.value()).thenComparing(HostFlow::flow);

        /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
        @Override
        public boolean equals(Object other) {
            return other instanceof HostFlow that && flow.equals(that.flow) && host.equals(that.host);
        }

        @Override
        public int hashCode() {
            return 31 * host.hashCode() + flow.hashCode();
        }

        /** Orders entries, so that a hash map stays fast even if ids were chosen to collide. */
        @Override
        public int compareTo(HostFlow other) {
            return ORDER.compare(this, other);
        }
    }

    /** The digests of chains that expire in the same second, and the number of them by first hop. */
    private static final class Second {
        final Set<Bytes> digests = new HashSet<>();
        final Map<HopId, Integer> held = new HashMap<>();
        /** The first {@code count} entries are in use. */
        private long[] prints = new long[8];

        private int count;

        void passed(Bytes digest, HopId first) {
            held.merge(first, 1, Integer::sum);
            if (count == prints.length) {
                prints = Arrays.copyOf(prints, 2 * count);
            }
            prints[count++] = PastChains.fingerprint(digest);
        }

        long[] prints() {
            return Arrays.copyOf(prints, count);
        }
    }

    private final int capacity;
    /** Chains by the second in which they expire. */
    private final TreeMap<Long, Second> chains = new TreeMap<>();
    /** Presentations of each flow, by the eight seconds in which the chain expires. */
    private final TreeMap<Long, Map<HostFlow, Integer>> flows = new TreeMap<>();
    /** Number of chains of each first hop, over all seconds. */
    private final Map<HopId, Integer> held = new HashMap<>();

    private final PastChains past;

    private int size;

    /**
     * Creates an empty window.
     *
     * @param capacity maximum number of chains; each takes about 250 bytes, and 32 more after it expired
     */
    public ReplayWindow(int capacity) {
        this.capacity = capacity;
        this.past = new PastChains((long) PAST * capacity);
    }

    /**
     * Records a chain until {@code expiry}.
     *
     * @param digest the digest of its last link
     * @param first the hop that signed its origin
     * @return why it is rejected; empty if it is accepted
     */
    synchronized Optional<RejectReason> present(
            Bytes digest, HopId first, Originator origin, Instant expiry, Instant now) {
        forget(now);
        long second = expiry.getEpochSecond();
        if (past.isDropped(second)) {
            return Optional.of(RejectReason.EXPIRED);
        }
        if (past.holds(second, digest)) {
            return Optional.of(RejectReason.REPLAYED);
        }
        // The key depends only on the chain itself, so that a chain always finds its own earlier presentation.
        Second same = chains.computeIfAbsent(second, any -> new Second());
        if (!same.digests.add(digest)) {
            return Optional.of(RejectReason.REPLAYED);
        }
        HostFlow flow = new HostFlow(origin.host(), origin.flow());
        Optional<RejectReason> problem = timesPresented(flow) >= FLOW_LIMIT
                ? Optional.of(RejectReason.FLOW_REPEATED)
                : hasSpaceFor(first) ? Optional.empty() : Optional.of(RejectReason.REPLAY_STORE_FULL);
        if (problem.isPresent()) {
            same.digests.remove(digest);
            return problem;
        }
        flows.computeIfAbsent(Math.floorDiv(second, FLOW_SECONDS), any -> new HashMap<>())
                .merge(flow, 1, Integer::sum);
        same.passed(digest, first);
        held.merge(first, 1, Integer::sum);
        size++;
        return problem;
    }

    private boolean hasSpaceFor(HopId first) {
        long free = (long) capacity - size;
        return held.getOrDefault(first, 0) < SHARE * free;
    }

    private int timesPresented(HostFlow flow) {
        int times = 0;
        for (Map<HostFlow, Integer> counts : flows.values()) {
            Integer count = counts.get(flow);
            times += count == null ? 0 : count;
        }
        return times;
    }

    /** {@return the number of recorded chains} */
    public synchronized int size() {
        return size;
    }

    /** {@return the maximum number of chains} */
    public int capacity() {
        return capacity;
    }

    private void forget(Instant now) {
        long second = now.getEpochSecond();
        // The current second may still contain an unexpired chain: only earlier ones are dropped.
        while (!chains.isEmpty() && chains.firstKey() < second) {
            leave(chains.pollFirstEntry());
        }
        while (!chains.isEmpty() && chains.lastKey() > second + HORIZON) {
            leave(chains.pollLastEntry());
        }
        while (!flows.isEmpty() && flows.firstKey() < Math.floorDiv(second, FLOW_SECONDS)) {
            flows.pollFirstEntry();
        }
        while (!flows.isEmpty() && flows.lastKey() > Math.floorDiv(second + HORIZON, FLOW_SECONDS)) {
            flows.pollLastEntry();
        }
    }

    private void leave(Map.Entry<Long, Second> second) {
        Second over = second.getValue();
        size -= over.digests.size();
        over.held.forEach(this::release);
        past.add(second.getKey(), over.prints());
    }

    /** Subtracts from a hop's count and removes it at 0, so that hops without chains take no memory. */
    private void release(HopId first, int count) {
        int left = held.getOrDefault(first, 0) - count;
        if (left > 0) {
            held.put(first, left);
        } else {
            held.remove(first);
        }
    }
}
