package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.Originator;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

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

    /** The chains that expire in the same second, and the number of them by first hop. */
    private static final class Second {
        final long number;
        /** The digests, by their first 24 bytes. */
        final KeyCounter digests = new KeyCounter();

        final Map<HopId, Count> held = new HashMap<>();

        Second(long number) {
            this.number = number;
        }
    }

    /** How often each flow was presented with a chain that expires in the same eight seconds. */
    private static final class FlowPeriod {
        final long number;
        /** Flows by host and flow id. Hosts with equal flow ids don't share a count. */
        final KeyCounter flows = new KeyCounter();

        FlowPeriod(long number) {
            this.number = number;
        }
    }

    /** A number of chains. */
    private static final class Count {
        int value;
    }

    private final int capacity;
    /** Chains by the second in which they expire. */
    private final TreeMap<Long, Second> chains = new TreeMap<>();
    /** At most a few, in any order. */
    private final List<FlowPeriod> flows = new ArrayList<>();
    /** Number of chains of each first hop, over all seconds. */
    private final Map<HopId, Count> held = new HashMap<>();

    private final PastChains past;

    private int size;
    /** The second that the last chain expires in: usually that of the next chain as well. */
    private @Nullable Second latest;
    /** The time of the last {@link #forget}, in seconds. */
    private long forgottenAt = Long.MIN_VALUE;

    /**
     * Creates an empty window.
     *
     * @param capacity maximum number of chains; each takes 100 to 200 bytes, and 32 after it expired
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
        forget(now.getEpochSecond());
        long expires = expiry.getEpochSecond();
        long print = digest.number(0, Long.BYTES);
        if (past.isDropped(expires)) {
            return Optional.of(RejectReason.EXPIRED);
        }
        if (past.holds(expires, print)) {
            return Optional.of(RejectReason.REPLAYED);
        }
        // The key depends only on the chain itself, so that a chain always finds its own earlier presentation.
        Second second = second(expires);
        long digest2 = digest.number(Long.BYTES, Long.BYTES);
        long digest3 = digest.number(2 * Long.BYTES, Long.BYTES);
        int place = second.digests.place(print, digest2, digest3);
        if (second.digests.countAt(place) > 0) {
            return Optional.of(RejectReason.REPLAYED);
        }
        long host = origin.host().value();
        FlowId flow = origin.flow();
        if (timesPresented(host, flow) >= FLOW_LIMIT) {
            return Optional.of(RejectReason.FLOW_REPEATED);
        }
        if (!hasSpaceFor(first)) {
            return Optional.of(RejectReason.REPLAY_STORE_FULL);
        }
        second.digests.incrementAt(place, print, digest2, digest3);
        flowPeriod(Math.floorDiv(expires, FLOW_SECONDS)).flows.increment(host, flow.high(), flow.low());
        count(second.held, first).value++;
        count(held, first).value++;
        size++;
        return Optional.empty();
    }

    private boolean hasSpaceFor(HopId first) {
        Count ofHop = held.get(first);
        long free = (long) capacity - size;
        return (ofHop == null ? 0 : ofHop.value) < SHARE * free;
    }

    private Second second(long number) {
        Second found = latest;
        if (found == null || found.number != number) {
            found = chains.computeIfAbsent(number, Second::new);
            latest = found;
        }
        return found;
    }

    private FlowPeriod flowPeriod(long number) {
        for (FlowPeriod period : flows) {
            if (period.number == number) {
                return period;
            }
        }
        FlowPeriod added = new FlowPeriod(number);
        flows.add(added);
        return added;
    }

    private static Count count(Map<HopId, Count> counts, HopId hop) {
        Count found = counts.get(hop);
        if (found == null) {
            found = new Count();
            counts.put(hop, found);
        }
        return found;
    }

    private int timesPresented(long host, FlowId flow) {
        int times = 0;
        for (int i = 0; i < flows.size(); i++) {
            times += flows.get(i).flows.count(host, flow.high(), flow.low());
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

    private void forget(long now) {
        // Between two seconds nothing expires.
        if (now == forgottenAt) {
            return;
        }
        forgottenAt = now;
        // The current second may still contain an unexpired chain: only earlier ones are dropped.
        while (!chains.isEmpty() && chains.firstKey() < now) {
            leave(chains.pollFirstEntry().getValue());
        }
        while (!chains.isEmpty() && chains.lastKey() > now + HORIZON) {
            leave(chains.pollLastEntry().getValue());
        }
        long first = Math.floorDiv(now, FLOW_SECONDS);
        long last = Math.floorDiv(now + HORIZON, FLOW_SECONDS);
        flows.removeIf(period -> period.number < first || period.number > last);
    }

    private void leave(Second over) {
        if (over == latest) {
            latest = null;
        }
        size -= over.digests.size();
        over.held.forEach(this::release);
        past.add(over.number, over.digests.firstNumbers());
    }

    /** Subtracts from a hop's count and removes it at 0, so that hops without chains take no memory. */
    private void release(HopId first, Count released) {
        Count left = count(held, first);
        left.value -= released.value;
        if (left.value <= 0) {
            held.remove(first);
        }
    }
}
