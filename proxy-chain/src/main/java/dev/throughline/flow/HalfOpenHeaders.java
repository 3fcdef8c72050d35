package dev.throughline.flow;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The limits for connections with an unfinished header, for each peer and in total. A peer that opens connections and sends
 * nothing reaches its own limit. When the total is reached, a new connection is admitted all the same, and the peer with the
 * most loses its oldest one: a flood hits the peer that causes it.
 *
 * <p>A <i>proven</i> peer had a header verified recently. It loses a connection only when no other peer has one: the busiest
 * previous hop has the most while thousands of strangers have one each, and would suffer from their flood. Its own limit still
 * applies, and its unfinished headers count as failed, so it can't lock out others for long. Only a verified header makes a
 * peer proven, so strangers can't fill that memory; when it is full, the peer that was proven longest ago is forgotten.
 * Thread-safe.
 */
public final class HalfOpenHeaders implements MeterBinder {
    /** Maximum number of proven peers; about 200 bytes each. */
    public static final int MAX_PROVEN = 10_000;

    /** A working previous hop is proven repeatedly; an address that it no longer uses expires soon. */
    static final Duration PROVEN_FOR = Duration.ofMinutes(10);

    private static final long PROVEN_FOR_NANOS = PROVEN_FOR.toNanos();

    private final int limit;
    private final int total;
    private final int maxProven;
    private final LongSupplier nanoTime;
    /** Peers with an unfinished header, and the proven ones. */
    private final Map<Peer, PeerLeases> peers = new HashMap<>();
    /** The proven peers, those first that were proven longest ago. */
    private final LinkedHashMap<Peer, PeerLeases> proven = new LinkedHashMap<>();
    /**
     * Peers in the order in which they lose a connection: unproven ones first, then by number of connections, then by age of
     * the oldest. It is kept only while {@link #isRanked}.
     */
    private final TreeSet<PeerLeases> losers = new TreeSet<>(Comparator.comparing(PeerLeases::isRankedAsProven)
            .thenComparing(Comparator.comparingInt(PeerLeases::count).reversed())
            .thenComparingLong(PeerLeases::oldest));

    /**
     * Whether {@link #losers} is kept: from half of the total until it falls below a quarter. No flow of a quiet hop then pays for
     * the order, and under a flood a quarter of the total shares the cost of building it.
     */
    private boolean isRanked;

    private @Nullable PeerLeases lastProven;
    private int size;
    private long taken;
    private long lost;

    /**
     * Creates the limits.
     *
     * @param limit connections of one peer
     * @param total connections of all peers
     * @param maxProven maximum number of proven peers
     * @param nanoTime as {@link System#nanoTime}
     */
    public HalfOpenHeaders(int limit, int total, int maxProven, LongSupplier nanoTime) {
        this.limit = limit;
        this.total = total;
        this.maxProven = maxProven;
        this.nanoTime = nanoTime;
    }

    /** Admits a connection of {@code peer}; returns empty if the peer has reached its limit. */
    Optional<HeaderLease> take(Peer peer) {
        HeaderLease lease;
        HeaderLease loser = null;
        synchronized (this) {
            PeerLeases known = peers.get(peer);
            if (known != null && known.count >= limit) {
                return Optional.empty();
            }
            lease = new HeaderLease(this, known != null ? known : newPeer(peer), taken++);
            add(lease);
            if (size > total) {
                loser = losers.getFirst().first();
                remove(loser);
                lost++;
            }
        }
        // Outside the lock, since completion runs the code of others.
        if (loser != null) {
            loser.lose();
        }
        return Optional.of(lease);
    }

    /** Records that a header of {@code peer} was verified. */
    synchronized void verified(Peer peer) {
        PeerLeases known = peers.get(peer);
        if (known == null) {
            known = newPeer(peer);
        }
        known.isProven = true;
        known.provenAt = nanoTime.getAsLong();
        if (known != lastProven) {
            proven.putLast(peer, known);
            lastProven = known;
            if (proven.size() > maxProven) {
                forgetProof(proven.pollFirstEntry().getValue());
            }
        }
        if (isRanked && known.count > 0) {
            losers.remove(known);
            rank(known);
        }
    }

    private void forgetProof(PeerLeases forgotten) {
        forgotten.isProven = false;
        if (forgotten == lastProven) {
            lastProven = null;
        }
        forgetIfUnused(forgotten);
    }

    private PeerLeases newPeer(Peer peer) {
        PeerLeases added = new PeerLeases(peer);
        peers.put(peer, added);
        return added;
    }

    private void forgetIfUnused(PeerLeases known) {
        if (known.count == 0 && !known.isProven) {
            peers.remove(known.peer);
        }
    }

    /** Returns whether a header of {@code peer} was verified recently. */
    synchronized boolean isProven(Peer peer) {
        PeerLeases known = peers.get(peer);
        return known != null && isProven(known);
    }

    private boolean isProven(PeerLeases known) {
        return known.isProven && nanoTime.getAsLong() - known.provenAt < PROVEN_FOR_NANOS;
    }

    /** Returns the number of connections of all peers. */
    public synchronized int size() {
        return size;
    }

    /** Returns how many connections were closed so far because the total was reached. */
    public synchronized long lost() {
        return lost;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("throughline.headers.half.open", this, HalfOpenHeaders::size)
                .description("Connections with an unfinished header")
                .register(registry);
        FunctionCounter.builder("throughline.headers.half.open.lost", this, HalfOpenHeaders::lost)
                .description("Connections with an unfinished header that were closed to admit newer ones")
                .register(registry);
    }

    private void add(HeaderLease lease) {
        PeerLeases waiting = lease.peer;
        if (isRanked && waiting.count > 0) {
            losers.remove(waiting);
        }
        waiting.add(lease);
        size++;
        if (isRanked) {
            rank(waiting);
        } else if (size > total / 2) {
            isRanked = true;
            for (PeerLeases each : peers.values()) {
                if (each.count > 0) {
                    rank(each);
                }
            }
        }
    }

    private synchronized void remove(HeaderLease lease) {
        if (!lease.isCounted) {
            return;
        }
        PeerLeases waiting = lease.peer;
        if (isRanked) {
            losers.remove(waiting);
        }
        waiting.remove(lease);
        size--;
        if (isRanked && waiting.count > 0) {
            rank(waiting);
        }
        if (isRanked && size < total / 4) {
            isRanked = false;
            losers.clear();
        }
        forgetIfUnused(waiting);
    }

    /**
     * Inserts a peer into {@link #losers}. An expired proof is noticed only here: no header waits for long, so this happens
     * soon.
     */
    private void rank(PeerLeases waiting) {
        waiting.isRankedAsProven = isProven(waiting);
        losers.add(waiting);
    }

    /** Connections of one peer, oldest first: a list of its own, which needs no object for an entry. */
    private static final class PeerLeases {
        private final Peer peer;
        private @Nullable HeaderLease first;
        private @Nullable HeaderLease last;
        private int count;
        private boolean isProven;
        private long provenAt;
        private boolean isRankedAsProven;

        PeerLeases(Peer peer) {
            this.peer = peer;
        }

        void add(HeaderLease lease) {
            lease.isCounted = true;
            lease.before = last;
            if (last == null) {
                first = lease;
            } else {
                last.after = lease;
            }
            last = lease;
            count++;
        }

        void remove(HeaderLease lease) {
            lease.isCounted = false;
            if (lease.before == null) {
                first = lease.after;
            } else {
                lease.before.after = lease.after;
            }
            if (lease.after == null) {
                last = lease.before;
            } else {
                lease.after.before = lease.before;
            }
            lease.before = null;
            lease.after = null;
            count--;
        }

        boolean isRankedAsProven() {
            return isRankedAsProven;
        }

        int count() {
            return count;
        }

        long oldest() {
            return first == null ? Long.MAX_VALUE : first.number;
        }

        HeaderLease first() {
            return requireNonNull(first);
        }
    }

    /** An admitted connection, until it is closed or lost to a newer one. */
    static final class HeaderLease implements AutoCloseable {
        private final HalfOpenHeaders of;
        private final PeerLeases peer;
        private final long number;
        /** The neighbours in the list of its peer. */
        private @Nullable HeaderLease before;

        private @Nullable HeaderLease after;
        private boolean isCounted;
        private boolean isLost;
        private @Nullable Runnable whenLost;

        private HeaderLease(HalfOpenHeaders of, PeerLeases peer, long number) {
            this.of = of;
            this.peer = peer;
            this.number = number;
        }

        /** Sets a task that runs once, on any thread, when the connection must be closed; at once if it must already. */
        void whenLost(Runnable task) {
            synchronized (this) {
                whenLost = task;
                if (!isLost) {
                    return;
                }
            }
            task.run();
        }

        private void lose() {
            Runnable task;
            synchronized (this) {
                isLost = true;
                task = whenLost;
            }
            if (task != null) {
                task.run();
            }
        }

        @Override
        public void close() {
            of.remove(this);
        }
    }
}
