package dev.throughline.budget;

/** The slot of a lease in one pool. */
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

    /** Returns the time when the flow last moved a byte, as last read by {@link #refresh}. */
    long seenMoved() {
        return seenMoved;
    }

    /** Reads the time when the flow last moved a byte. Returns whether it changed. */
    boolean refresh() {
        long before = seenMoved;
        seenMoved = lease.request().moved().getAsLong();
        return seenMoved != before;
    }

    /** Uses that of the lease, which is cheap. */
    @Override
    public int hashCode() {
        return lease.hashCode();
    }
}
