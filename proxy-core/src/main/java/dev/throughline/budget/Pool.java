package dev.throughline.budget;

import java.time.Duration;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/** Places of one kind: those of the hop, of a next hop or of a transport. */
final class Pool {
    private final String name;
    private final int number;
    private final PoolRule rule;
    private final long floorNanos;
    private final ShareTree tree = new ShareTree();
    private int capacity;
    private int inUse;

    /** @param number by which it is found in a {@link ProcessTable} */
    Pool(String name, int number, int capacity, PoolRule rule) {
        this.name = name;
        this.number = number;
        this.capacity = capacity;
        this.rule = rule;
        this.floorNanos = nanos(rule.idleFloor());
    }

    /** More than a long holds is for ever. */
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

    /** Places that aren't free, those of evicted flows included. */
    int inUse() {
        return inUse;
    }

    /** Places of flows that were evicted, and aren't released yet. */
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

    /** It is free again; whether the process has none left. */
    boolean give(Slot place) {
        inUse--;
        if (!place.lease().isEvicted()) {
            tree.remove(place.process());
        }
        return tree.letGo(place.process());
    }

    /** Why the place that was taken last mustn't be kept, if it mustn't. */
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

    /** The flow that has to give its place to a process which isn't above its guaranteed share; empty if that has none. */
    Optional<Slot> giver(ShareTree.Leaf process) {
        return tree.giver(process, rule.guaranteed(capacity)).flatMap(ShareTree.Leaf::newest);
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

    /** Above the soft mark, evicts flows down to the low mark, as far as any may be. */
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
            // One flow less lowers nobody's share, so nobody else is above his; but others may not be any more.
            if (!anyEvicted || tree.exceeds(process, low)) {
                anyEvicted = true;
                evict.accept(longest.lease());
                process.idle().longestIdle(before).ifPresent(heads::add);
            }
        }
    }
}
