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
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * How many connections are waiting for the rest of their header, of each peer and in all. A peer that opens connections
 * and sends nothing runs into its own limit. When all places are taken, a new peer gets one nevertheless, and the peer
 * that has the most then loses its oldest: a flood is felt by those who make it.
 *
 * <p>A <i>proven</i> peer had a header verified lately. It loses a place only when no other peer has any: the
 * busiest previous hop has the most where thousands of strangers have one each, and would feel their flood. Its own limit
 * holds all the same, and what it doesn't finish counts as failed, so it doesn't keep others out for long. Only a header
 * that was verified makes a peer remembered, so strangers can't fill that memory; of too many, the peer that was proven
 * longest ago is forgotten. Safe for use by several threads.
 */
public final class HalfOpenHeaders implements MeterBinder {
    /** How many proven peers are remembered; about 200 bytes each. */
    public static final int MAX_PROVEN = 10_000;

    /** A previous hop that works is proven again and again; an address that it has left isn't for long. */
    static final Duration PROVEN_FOR = Duration.ofMinutes(10);

    private final int limit;
    private final int total;
    private final int maxProven;
    private final LongSupplier nanoTime;
    private final Map<Peer, PeerLeases> peers = new HashMap<>();
    /** Who was proven when; first the one longest ago. */
    private final LinkedHashMap<Peer, Long> proven = new LinkedHashMap<>();
    /**
     * First a peer that isn't proven, and of those the one with the most; of several with as many, the one that has waited
     * longest.
     */
    private final TreeSet<PeerLeases> losers = new TreeSet<>(Comparator.comparing(PeerLeases::isProven)
            .thenComparing(Comparator.comparingInt(PeerLeases::count).reversed())
            .thenComparingLong(PeerLeases::oldest));

    private int size;
    private long taken;
    private long lost;

    /**
     * At most {@code limit} connections a peer, and {@code total} of all peers.
     *
     * @param maxProven how many proven peers are remembered
     * @param nanoTime as {@link System#nanoTime}
     */
    public HalfOpenHeaders(int limit, int total, int maxProven, LongSupplier nanoTime) {
        this.limit = limit;
        this.total = total;
        this.maxProven = maxProven;
        this.nanoTime = nanoTime;
    }

    /** One place of {@code peer}, or none if it has all that it may. */
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
        // Outside the lock: who waits for this does something.
        loser.ifPresent(place -> place.lost.complete(null));
        return Optional.of(lease);
    }

    /** A header of {@code peer} was verified. */
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

    /** Whether a header of {@code peer} was verified lately. */
    synchronized boolean isProven(Peer peer) {
        Long at = proven.get(peer);
        return at != null && nanoTime.getAsLong() - at < PROVEN_FOR.toNanos();
    }

    /** How many connections are waiting, of all peers. */
    public synchronized int size() {
        return size;
    }

    /** How many lost their place so far because all were taken. */
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
     * Gives {@code waiting} its place among the losers. Only here is it looked up whether the peer is proven: no header
     * waits for long, so that it isn't any more shows soon, and nobody searches for those whose time is over.
     */
    private void rank(PeerLeases waiting) {
        waiting.proven = isProven(waiting.peer);
        losers.add(waiting);
    }

    /** The places of one peer, oldest first. */
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

    /** A place that is taken until it is closed, or lost to a newer one. */
    static final class HeaderLease implements AutoCloseable {
        private final HalfOpenHeaders of;
        private final Peer peer;
        private final long number;
        private final CompletableFuture<Void> lost = new CompletableFuture<>();

        private HeaderLease(HalfOpenHeaders of, Peer peer, long number) {
            this.of = of;
            this.peer = peer;
            this.number = number;
        }

        /** Completed, by any thread, when the place is lost. */
        CompletableFuture<Void> lost() {
            return lost;
        }

        @Override
        public void close() {
            of.remove(this);
        }
    }
}
