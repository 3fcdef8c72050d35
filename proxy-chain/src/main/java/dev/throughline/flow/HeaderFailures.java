package dev.throughline.flow;

import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * The limit for failed headers of each peer: a token bucket that refills within a window. A peer with an empty bucket is
 * rejected before a byte is read, so that a flood of bad signatures costs no signature check. Connections that are rejected for
 * this reason do not count, so a peer that shares its address is not locked out for good: after one window at most it is read
 * again.
 *
 * <p>Memory is bounded: when it is full, the peer whose bucket refills soonest is forgotten, even if it is the newest. To reject
 * peers that can't be remembered would let one flood from many addresses lock out everybody. This way a peer is forgotten only
 * for others that have failed more, and these could fail as often without it. Thread-safe.
 */
public final class HeaderFailures implements MeterBinder {
    /** Maximum number of peers with failures; about 200 bytes each. */
    public static final int MAX_PEERS = 10_000;

    /** Close reasons that are the fault of the peer's header. */
    private static final ImmutableSet<CloseReason> BLAMED = Sets.immutableEnumSet(
            CloseReason.HEADER_MALFORMED,
            CloseReason.HEADER_INCOMPLETE,
            CloseReason.HEADER_TIMEOUT,
            CloseReason.HEADER_REJECTED,
            CloseReason.HEADER_SIGNED,
            CloseReason.HEADER_WITHOUT_FLOW);

    private final int limit;
    private final Duration window;
    private final int maxPeers;
    private final long nanosEach;
    private final LongSupplier nanoTime;
    private final long start;
    private final Map<Peer, Debt> debts = new HashMap<>();
    private final TreeSet<Debt> soonestPaid =
            new TreeSet<>(Comparator.comparingLong(Debt::paidAt).thenComparingLong(Debt::number));

    private long count;

    /**
     * Creates the limits.
     *
     * @param limit failed headers of one peer in a {@code window}
     * @param maxPeers maximum number of peers with failures
     * @param nanoTime as {@link System#nanoTime}
     */
    public HeaderFailures(int limit, Duration window, int maxPeers, LongSupplier nanoTime) {
        this.limit = limit;
        this.window = window;
        this.maxPeers = maxPeers;
        this.nanosEach = Math.max(1, window.toNanos() / limit);
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
    }

    /** Returns why no header of {@code peer} is read now, if so. */
    synchronized Optional<FlowRejectedException> objection(Peer peer) {
        Debt debt = debts.get(peer);
        long wait = debt == null ? 0 : debt.paidAt - now() - (limit - 1) * nanosEach;
        return wait <= 0
                ? Optional.empty()
                : Optional.of(new FlowRejectedException(
                        CloseReason.HEADER_FAILURES,
                        "peer %s: %d headers failed in %d ms, retry in %d ms"
                                .formatted(peer, limit, window.toMillis(), wait / 1_000_000 + 1)));
    }

    /** Records how a connection of {@code peer} ended; counts it if its header is the cause. */
    void ended(Peer peer, CloseReason reason) {
        if (BLAMED.contains(reason)) {
            failed(peer);
        }
    }

    private synchronized void failed(Peer peer) {
        count++;
        long now = now();
        forgetPaid(now);
        Debt before = debts.remove(peer);
        if (before != null) {
            soonestPaid.remove(before);
        }
        // Headers that were being read when the bucket became empty may fail too; the debt stays bounded.
        long from = before == null ? now : before.paidAt;
        Debt debt = new Debt(peer, count, Math.min(from + nanosEach, now + 2L * limit * nanosEach));
        debts.put(peer, debt);
        soonestPaid.add(debt);
        if (debts.size() > maxPeers) {
            forgetSoonestPaid();
        }
    }

    private void forgetPaid(long now) {
        while (!soonestPaid.isEmpty() && soonestPaid.getFirst().paidAt <= now) {
            forgetSoonestPaid();
        }
    }

    private void forgetSoonestPaid() {
        debts.remove(soonestPaid.removeFirst().peer);
    }

    /** Forgets all failures: while this host's clock was wrong, they were not the fault of peers. */
    public synchronized void forgetAll() {
        debts.clear();
        soonestPaid.clear();
    }

    /** Returns how many peers have failed recently. */
    public synchronized int peers() {
        forgetPaid(now());
        return debts.size();
    }

    /** Returns how many headers have failed so far. */
    public synchronized long count() {
        return count;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.headers.failed", this, HeaderFailures::count)
                .description("Headers that failed by the fault of their peer")
                .register(registry);
        Gauge.builder("throughline.headers.failing.peers", this, HeaderFailures::peers)
                .description("Peers with headers that failed recently")
                .register(registry);
    }

    private long now() {
        return nanoTime.getAsLong() - start;
    }

    /**
     * The failures of a peer.
     *
     * @param number of its last failure
     * @param paidAt when its bucket is full again
     */
    private record Debt(Peer peer, long number, long paidAt) {}
}
