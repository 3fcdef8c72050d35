package dev.throughline.flow;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

    private final int limit;
    private final int total;
    private final int maxProven;
    private final LongSupplier nanoTime;
    private final Map<Peer, PeerLeases> peers = new HashMap<>();
    /** Times when peers were proven, oldest first. */
    private final LinkedHashMap<Peer, Long> proven = new LinkedHashMap<>();
    /**
     * Peers in the order in which they lose a connection: unproven ones first, then by number of connections, then by age of
     * the oldest.
     */
    private final TreeSet<PeerLeases> losers = new TreeSet<>(Comparator.comparing(PeerLeases::isProven)
            .thenComparing(Comparator.comparingInt(PeerLeases::count).reversed())
            .thenComparingLong(PeerLeases::oldest));

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
        Optional<HeaderLease> loser;
        synchronized (this) {
            PeerLeases waiting = peers.getOrDefault(peer, new PeerLeases(peer));
            if (waiting.count() >= limit) {
                return Optional.empty();
            }
            lease = new HeaderLease(this, peer, taken++);
            add(waiting, lease);
            loser = size > total ? Optional.of(losers.getFirst().first()) : Optional.empty();
            loser.ifPresent(this::remove);
            lost += loser.isPresent() ? 1 : 0;
        }
        // Outside the lock, since completion runs the code of others.
        loser.ifPresent(HeaderLease::lose);
        return Optional.of(lease);
    }

    /** Records that a header of {@code peer} was verified. */
    synchronized void verified(Peer peer) {
        proven.putLast(peer, nanoTime.getAsLong());
        if (proven.size() > maxProven) {
            proven.pollFirstEntry();
        }
        PeerLeases waiting = peers.get(peer);
        if (waiting != null) {
            losers.remove(waiting);
            rank(waiting);
        }
    }

    /** Returns whether a header of {@code peer} was verified recently. */
    synchronized boolean isProven(Peer peer) {
        Long at = proven.get(peer);
        return at != null && nanoTime.getAsLong() - at < PROVEN_FOR.toNanos();
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

    private void add(PeerLeases waiting, HeaderLease lease) {
        losers.remove(waiting);
        waiting.leases.add(lease);
        rank(waiting);
        peers.put(waiting.peer, waiting);
        size++;
    }

    private synchronized void remove(HeaderLease lease) {
        PeerLeases waiting = peers.get(lease.peer);
        if (waiting == null || !waiting.leases.contains(lease)) {
            return;
        }
        losers.remove(waiting);
        waiting.leases.remove(lease);
        size--;
        if (waiting.leases.isEmpty()) {
            peers.remove(lease.peer);
        } else {
            rank(waiting);
        }
    }

    /**
     * Inserts a peer into {@link #losers}. An expired proof is noticed only here: no header waits for long, so this happens
     * soon.
     */
    private void rank(PeerLeases waiting) {
        waiting.proven = isProven(waiting.peer);
        losers.add(waiting);
    }

    /** Connections of one peer, oldest first. */
    private static final class PeerLeases {
        private final Peer peer;
        private final Set<HeaderLease> leases = new LinkedHashSet<>();
        private boolean proven;

        PeerLeases(Peer peer) {
            this.peer = peer;
        }

        boolean isProven() {
            return proven;
        }

        int count() {
            return leases.size();
        }

        long oldest() {
            Iterator<HeaderLease> all = leases.iterator();
            return all.hasNext() ? all.next().number : Long.MAX_VALUE;
        }

        HeaderLease first() {
            return leases.iterator().next();
        }
    }

    /** An admitted connection, until it is closed or lost to a newer one. */
    static final class HeaderLease implements AutoCloseable {
        private final HalfOpenHeaders of;
        private final Peer peer;
        private final long number;
        private boolean isLost;
        private @Nullable Runnable whenLost;

        private HeaderLease(HalfOpenHeaders of, Peer peer, long number) {
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
