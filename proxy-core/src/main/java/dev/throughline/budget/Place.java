package dev.throughline.budget;

/** What a lease takes in one pool. */
final class Place {
    private final Pool pool;
    private final ShareTree.Leaf process;
    private final Lease lease;
    private long seenMoved;
    private int index;

    Place(Pool pool, ShareTree.Leaf process, Lease lease) {
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

    /** When it moved something last, as far as was looked. */
    long seenMoved() {
        return seenMoved;
    }

    /** Looks; whether it moved something since. */
    boolean look() {
        long before = seenMoved;
        seenMoved = lease.ask().moved().getAsLong();
        return seenMoved != before;
    }

    /** Where it is in its process's idle order. */
    int index() {
        return index;
    }

    void index(int now) {
        index = now;
    }
}
