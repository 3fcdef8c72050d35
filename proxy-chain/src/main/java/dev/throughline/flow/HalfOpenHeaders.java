package dev.throughline.flow;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * How many connections are waiting for the rest of their header, of each peer and in all. A peer that opens connections
 * and sends nothing runs into its own limit. When all places are taken, whoever comes gets one nevertheless, and the peer
 * that has the most then loses its oldest: a flood is felt by those who make it. Safe for use by several threads.
 */
public final class HalfOpenHeaders {
    private final int limit;
    private final int total;
    private final Map<Peer, Waiting> peers = new HashMap<>();
    /** First the peer with the most; of several with as many, the one that has waited longest. */
    private final TreeSet<Waiting> greediest =
            new TreeSet<>(Comparator.comparingInt(Waiting::count).reversed().thenComparingLong(Waiting::oldest));

    private int size;
    private long taken;
    private long lost;

    /** At most {@code limit} connections a peer, and {@code total} of all peers. */
    public HalfOpenHeaders(int limit, int total) {
        this.limit = limit;
        this.total = total;
    }

    /** One place of {@code peer}, or none if it has all that it may. */
    Optional<Lease> take(Peer peer) {
        Lease lease;
        Optional<Lease> loser;
        synchronized (this) {
            Waiting waiting = peers.getOrDefault(peer, new Waiting(peer));
            if (waiting.count() >= limit) {
                return Optional.empty();
            }
            lease = new Lease(this, peer, taken++);
            add(waiting, lease);
            loser = size > total ? Optional.of(greediest.getFirst().first()) : Optional.empty();
            loser.ifPresent(this::remove);
            lost += loser.isPresent() ? 1 : 0;
        }
        // Outside the lock: who waits for this does something.
        loser.ifPresent(place -> place.lost.complete(null));
        return Optional.of(lease);
    }

    /** How many connections are waiting, of all peers. */
    public synchronized int size() {
        return size;
    }

    /** How many lost their place so far because all were taken. */
    public synchronized long lost() {
        return lost;
    }

    private void add(Waiting waiting, Lease lease) {
        greediest.remove(waiting);
        waiting.leases.add(lease);
        greediest.add(waiting);
        peers.put(waiting.peer, waiting);
        size++;
    }

    private synchronized void remove(Lease lease) {
        Waiting waiting = peers.get(lease.peer);
        if (waiting == null || !waiting.leases.contains(lease)) {
            return;
        }
        greediest.remove(waiting);
        waiting.leases.remove(lease);
        size--;
        if (waiting.leases.isEmpty()) {
            peers.remove(lease.peer);
        } else {
            greediest.add(waiting);
        }
    }

    /** The places of one peer, oldest first. */
    private static final class Waiting {
        private final Peer peer;
        private final Set<Lease> leases = new LinkedHashSet<>();

        Waiting(Peer peer) {
            this.peer = peer;
        }

        int count() {
            return leases.size();
        }

        long oldest() {
            Iterator<Lease> all = leases.iterator();
            return all.hasNext() ? all.next().number : Long.MAX_VALUE;
        }

        Lease first() {
            return leases.iterator().next();
        }
    }

    /** A place that is taken until it is closed, or lost to a newer one. */
    static final class Lease implements AutoCloseable {
        private final HalfOpenHeaders of;
        private final Peer peer;
        private final long number;
        private final CompletableFuture<Void> lost = new CompletableFuture<>();

        private Lease(HalfOpenHeaders of, Peer peer, long number) {
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
