package dev.throughline.budget;

import org.jspecify.annotations.Nullable;

/** What a lease takes in one pool. */
final class Slot {
    private final Pool pool;
    private final ShareTree.Leaf process;
    private final Lease lease;
    private long seenMoved;
    private int index;
    /** Its neighbours among the places of its process, by age. */
    private @Nullable Slot older;

    private @Nullable Slot newer;

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

    @Nullable
    Slot older() {
        return older;
    }

    void older(@Nullable Slot place) {
        older = place;
    }

    @Nullable
    Slot newer() {
        return newer;
    }

    void newer(@Nullable Slot place) {
        newer = place;
    }

    /** Where it is in its process's idle order. */
    int index() {
        return index;
    }

    void index(int now) {
        index = now;
    }
}
