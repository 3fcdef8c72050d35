package dev.throughline.flow;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How many connections of each peer are waiting for the rest of their header. A peer that opens connections and sends
 * nothing runs into its own limit, not into everyone's. Safe for use by several threads.
 */
public final class HalfOpenHeaders {
    private final int limit;
    private final Map<InetAddress, Integer> waiting = new HashMap<>();

    /** At most {@code limit} connections a peer address. */
    public HalfOpenHeaders(int limit) {
        this.limit = limit;
    }

    /** One place of {@code peer}, or none if all are taken. */
    synchronized Optional<Lease> take(InetAddress peer) {
        int taken = waiting.getOrDefault(peer, 0);
        if (taken >= limit) {
            return Optional.empty();
        }
        waiting.put(peer, taken + 1);
        return Optional.of(new Lease(this, peer));
    }

    /** How many connections are waiting, of all peers. */
    public synchronized int size() {
        return waiting.values().stream().mapToInt(Integer::intValue).sum();
    }

    private synchronized void giveBack(InetAddress peer) {
        waiting.computeIfPresent(peer, (address, count) -> count == 1 ? null : count - 1);
    }

    /** A place that is taken until it is closed. */
    record Lease(HalfOpenHeaders of, InetAddress peer) implements AutoCloseable {
        @Override
        public void close() {
            of.giveBack(peer);
        }
    }
}
