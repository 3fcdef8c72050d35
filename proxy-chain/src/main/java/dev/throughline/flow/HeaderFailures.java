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
 * What each peer may fail: a bucket of so many headers, filled again within a window. Whoever has emptied it is refused
 * before a byte is read, so that a flood of bad signatures costs no signature check. Connections that were refused for
 * that don't count, so a peer that shares its address isn't locked out for good: after one window at most it is heard.
 *
 * <p>Memory is bounded: of too many peers, the one whose bucket is full again soonest is forgotten, be it the newest.
 * Refusing those that can't be remembered would let one flood, from many addresses, refuse everybody. As it is, to be
 * forgotten a peer needs a crowd of others that each have failed more than it, and such a crowd could fail as much alone.
 * Safe for use by several threads.
 */
public final class HeaderFailures implements MeterBinder {
    /** How many peers are remembered; about 200 bytes each. */
    public static final int MAX_PEERS = 10_000;

    /** The ends for which the peer's header is to blame. */
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
     * At most {@code limit} failed headers a {@code window} of each peer.
     *
     * @param maxPeers how many peers are remembered
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

    /** Why no header of {@code peer} is read now, if so. */
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

    /** Counts the end of a connection of {@code peer} that was to begin with a header, if its header is to blame. */
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
        // Those that were being read when the bucket got empty may fail as well; the debt is bounded all the same.
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

    /** Forgets what peers have failed: when this host's clock was wrong, they were not to blame. */
    public synchronized void forgive() {
        debts.clear();
        soonestPaid.clear();
    }

    /** How many peers have failed lately. */
    public synchronized int peers() {
        forgetPaid(now());
        return debts.size();
    }

    /** How many headers failed so far. */
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
     * What a peer has failed.
     *
     * @param number of its last failure
     * @param paidAt when its bucket is full again
     */
    private record Debt(Peer peer, long number, long paidAt) {}
}
