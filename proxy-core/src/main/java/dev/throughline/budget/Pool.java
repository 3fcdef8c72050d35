package dev.throughline.budget;

import java.time.Duration;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SequencedSet;
import java.util.function.Consumer;

/** The places of the hop, of a next hop or of a transport. */
final class Pool {
    private final String name;
    private final int number;
    private final PoolRule rule;
    private final long floorNanos;
    private final ShareTree tree = new ShareTree();
    private int capacity;
    private int inUse;

    /** @param number its index in the {@link ProcessTable} */
    Pool(String name, int number, int capacity, PoolRule rule) {
        this.name = name;
        this.number = number;
        this.capacity = capacity;
        this.rule = rule;
        this.floorNanos = nanos(rule.idleFloor());
    }

    /** Limits durations that a long can't hold. */
    private static long nanos(Duration floor) {
        return floor.compareTo(Duration.ofDays(10_000)) > 0 ? Long.MAX_VALUE / 2 : floor.toNanos();
    }

    String name() {
        return name;
    }

    int number() {
        return number;
    }

    ShareTree tree() {
        return tree;
    }

    int capacity() {
        return capacity;
    }

    void capacity(int places) {
        capacity = places;
    }

    /** Returns the places in use, with those of evicted flows. */
    int inUse() {
        return inUse;
    }

    /** Returns the places of evicted flows that aren't released yet. */
    int evicted() {
        return inUse - tree.count();
    }

    PoolView view() {
        return new PoolView(name, capacity, inUse, evicted(), rule.open(capacity));
    }

    void take(ShareTree.Leaf process) {
        inUse++;
        tree.hold(process);
        tree.add(process);
    }

    /** Frees a place. Returns whether the process has none left. */
    boolean give(Slot place) {
        inUse--;
        if (!place.lease().isEvicted()) {
            tree.remove(place.process());
        }
        return tree.letGo(place.process());
    }

    /** Returns why the place that a process took last must be given back; empty if it may be kept. */
    Optional<Shortage> objection(ShareTree.Leaf process) {
        return objection(process, inUse);
    }

    /** Returns whether a process within its share can keep its place once the evicted flows are released. */
    boolean isFreeSoon(ShareTree.Leaf process) {
        return objection(process, inUse - evicted()).isEmpty() && !tree.exceedsWhole(process, rule.open(capacity));
    }

    /** Returns whether a process can keep its place once the evicted flows are released. */
    boolean hasRoomSoon(ShareTree.Leaf process) {
        return objection(process, inUse - evicted()).isEmpty();
    }

    /** Returns the flow to preempt for a process within its guaranteed share; empty if there is none. */
    Optional<Slot> giver(ShareTree.Leaf process) {
        return tree.giver(process, rule.guaranteed(capacity))
                .map(ShareTree.Leaf::byAge)
                .filter(slots -> !slots.isEmpty())
                .map(SequencedSet::getLast);
    }

    private Optional<Shortage> objection(ShareTree.Leaf process, int taken) {
        if (taken > capacity) {
            return Optional.of(new Shortage.Full(name));
        }
        int open = rule.open(capacity);
        boolean reserved = taken > open
                && tree.exceedsWhole(process, open)
                && giver(process).isEmpty();
        return reserved ? Optional.of(new Shortage.Reserved(name)) : Optional.empty();
    }

    /** Evicts idle flows down to the low mark if more places than the soft mark are in use. */
    void makeRoom(long now, Consumer<Lease> evict) {
        int low = rule.low(capacity);
        if (tree.count() <= rule.soft(capacity) || tree.count() <= low) {
            return;
        }
        long before = now - floorNanos;
        PriorityQueue<Slot> heads = new PriorityQueue<>(IdleOrder.byTime());
        tree.idle(low, before, floorNanos / 16, heads::add);
        boolean anyEvicted = false;
        while (!heads.isEmpty() && tree.count() > low) {
            Slot longest = heads.poll();
            ShareTree.Leaf process = longest.process();
            // Removing a flow lowers no share, so no other originator gets above its own; but some may get below it.
            if (!anyEvicted || tree.exceeds(process, low)) {
                anyEvicted = true;
                evict.accept(longest.lease());
                process.idle().longestIdle(before).ifPresent(heads::add);
            }
        }
    }
}
