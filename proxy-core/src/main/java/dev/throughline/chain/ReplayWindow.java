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
 * The chains that were presented and haven't expired yet. Each may be presented once, and each flow of a host at most three
 * times (an application that races several addresses). Entries leave when they expire and never before: a cache that
 * evicts could be flooded until it forgets, so a full window refuses instead. Safe for use by several threads.
 *
 * <p>What is left is shared: a first hop may hold {@value #SHARE} times as many places as are free. So one that floods
 * gets four fifths and leaves a fifth to all others, two get four ninths each and leave a ninth, and so on (dynamic
 * thresholds, as switches share their buffers).
 *
 * <p>What expires together is kept together and leaves at once, so that no header waits while thousands do.
 *
 * <p>A chain that has left is still recognised if the clock is set back and makes it fresh again: {@value #PAST} times the
 * capacity are kept in eight bytes each. Of older ones nothing is known but their seconds: all chains of these are refused.
 */
public final class ReplayWindow {
    static final int FLOW_LIMIT = 3;
    static final int SHARE = 4;
    static final int PAST = 4;

    /**
     * No chain that is fresh expires later: ttl and twice the skew, with room. What does was presented before the clock
     * was set back, and must not hold places until then.
     */
    private static final long HORIZON = 4 * VerifierSettings.MAX_TTL.toSeconds();

    /** Flows are counted by coarser times than chains: a count is the sum over all times that aren't over. */
    private static final int FLOW_SECONDS = 8;

    /** A flow of a host: two hosts may give the same id without a part in each other's count. */
    private record HostFlow(HostId host, FlowId flow) implements Comparable<HostFlow> {
        private static final Comparator<HostFlow> ORDER =
                Comparator.<HostFlow>comparingLong(key -> key.host.value()).thenComparing(HostFlow::flow);

        /** Whoever chooses ids of one hash makes no search long: a map sorts such keys. */
        @Override
        public int compareTo(HostFlow other) {
            return ORDER.compare(this, other);
        }
    }

    /** The digests of chains that expire in the same second, and how many of them each first hop signed. */
    private static final class Second {
        final Set<Bytes> digests = new HashSet<>();
        final Map<HopId, Integer> held = new HashMap<>();
        /** The first {@code count} are in use. */
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
    /** By the second in which the chains expire. */
    private final TreeMap<Long, Second> chains = new TreeMap<>();
    /** How often a flow was presented, by the eight seconds in which the chain expires. */
    private final TreeMap<Long, Map<HostFlow, Integer>> flows = new TreeMap<>();
    /** How many chains of each first hop there are, over all seconds. */
    private final Map<HopId, Integer> held = new HashMap<>();

    private final PastChains past;

    private int size;

    /**
     * An empty window.
     *
     * @param capacity for how many chains; one takes about 250 bytes, and 32 more when it is over
     */
    public ReplayWindow(int capacity) {
        this.capacity = capacity;
        this.past = new PastChains((long) PAST * capacity);
    }

    /**
     * Remembers a chain until {@code expiry}.
     *
     * @param digest the digest of its last link
     * @param first the hop that signed its origin
     * @return why it may not pass, if it may not
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
        // The place follows from the chain itself, so that one chain always meets its own earlier presentation.
        Second same = chains.computeIfAbsent(second, any -> new Second());
        if (!same.digests.add(digest)) {
            return Optional.of(RejectReason.REPLAYED);
        }
        HostFlow flow = new HostFlow(origin.host(), origin.flow());
        Optional<RejectReason> problem = timesPresented(flow) >= FLOW_LIMIT
                ? Optional.of(RejectReason.FLOW_REPEATED)
                : hasPlaceFor(first) ? Optional.empty() : Optional.of(RejectReason.REPLAY_STORE_FULL);
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

    private boolean hasPlaceFor(HopId first) {
        long free = (long) capacity - size;
        return held.getOrDefault(first, 0) < SHARE * free;
    }

    private int timesPresented(HostFlow flow) {
        int times = 0;
        for (Map<HostFlow, Integer> counts : flows.values()) {
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

    /** Hops without remembered chains take no memory. */
    private void release(HopId first, int count) {
        int left = held.getOrDefault(first, 0) - count;
        if (left > 0) {
            held.put(first, left);
        } else {
            held.remove(first);
        }
    }
}
