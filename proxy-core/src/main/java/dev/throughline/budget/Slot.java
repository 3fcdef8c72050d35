package dev.throughline.budget;

/** The place of a lease in one pool. */
final class Slot {
    private final Pool pool;
    private final ShareTree.Leaf process;
    private final Lease lease;
    private long seenMoved;

    Slot(Pool pool, ShareTree.Leaf process, Lease lease) {
        this.pool = pool;
        this.process = process;
        this.lease = lease;
    }

    Pool pool() {
        return pool;
    }

    ShareTree.Leaf process() {
        return process;
    }

    Lease lease() {
        return lease;
    }

    /** Returns when the flow last moved a byte, as last read by {@link #look}. */
    long seenMoved() {
        return seenMoved;
    }

    /** Reads when the flow last moved a byte. Returns whether that has changed. */
    boolean look() {
        long before = seenMoved;
        seenMoved = lease.ask().moved().getAsLong();
        return seenMoved != before;
    }
}
