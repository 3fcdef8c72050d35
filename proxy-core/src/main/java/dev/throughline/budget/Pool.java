package dev.throughline.budget;

import java.time.Duration;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SequencedSet;
import java.util.function.Consumer;

/** The slots of the hop, of a next hop or of a transport. */
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

    /** Converts a duration, limited to the range of a long. */
    private static long nanos(Duration floor) {
        return floor.compareTo(Duration.ofDays(10_000)) > 0 ? Long.MAX_VALUE / 2 : floor.toNanos();
    }

    int number() {
        return number;
    }

    ShareTree tree() {
        return tree;
    }

    void capacity(int slots) {
        capacity = slots;
    }

    /** Returns the number of slots of evicted flows that aren't released yet. */
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

    /** Frees a slot. Returns whether the process has none left. */
    boolean give(Slot slot) {
        inUse--;
        if (!slot.lease().isEvicted()) {
            tree.remove(slot.process());
        }
        tree.dropIdleOrder();
        return tree.removeUnused(slot.process());
    }

    /** Returns why a process can't keep the slot that it took last; empty if it can. */
    Optional<Shortage> objection(ShareTree.Leaf process) {
        return objection(process, inUse);
    }

    /** Returns whether a process within its share can keep its slot once the evicted flows are released. */
    boolean isFreeSoon(ShareTree.Leaf process) {
        return objection(process, inUse - evicted()).isEmpty() && !tree.exceedsWhole(process, rule.open(capacity));
    }

    /** Returns whether a process can keep its slot once the evicted flows are released. */
    boolean hasSlotSoon(ShareTree.Leaf process) {
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

    /** Returns whether {@link #evictIdle} has anything to do: more slots than the soft mark are in use. */
    boolean mayEvictIdle() {
        return tree.count() > rule.soft(capacity) && tree.count() > rule.low(capacity);
    }

    /** Evicts idle flows down to the low mark if more slots than the soft mark are in use. */
    void evictIdle(long now, Consumer<Lease> evict) {
        if (!mayEvictIdle()) {
            return;
        }
        tree.orderIdle();
        int low = rule.low(capacity);
        long before = now - floorNanos;
        PriorityQueue<Slot> heads = new PriorityQueue<>(IdleOrder.byTime());
        tree.idle(low, before, floorNanos / 16, heads::add);
        boolean anyEvicted = false;
        while (!heads.isEmpty() && tree.count() > low) {
            Slot longest = heads.poll();
            ShareTree.Leaf process = longest.process();
            // Removing a flow lowers no share, so it lifts no other originator above its own; but some may fall below
            // it.
            if (!anyEvicted || tree.exceeds(process, low)) {
                anyEvicted = true;
                evict.accept(longest.lease());
                process.idle().longestIdle(before).ifPresent(heads::add);
            }
        }
    }
}
