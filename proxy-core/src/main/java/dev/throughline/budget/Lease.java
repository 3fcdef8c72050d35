package dev.throughline.budget;

import com.google.common.collect.ImmutableList;

/** A flow's places, one in each pool of its way, from when they were given until they are released. */
public final class Lease {
    /** What has become of it. */
    private enum State {
        /** Nothing was moved yet. */
        STARTING,
        ACTIVE,
        /** It is to be closed, and doesn't count for its originator any more. */
        EVICTED,
        RELEASED
    }

    private final LeaseRequest ask;
    private final long number;
    private final int way;
    private Slot[] places = {};
    private ImmutableList<CapCounts.Key> counted = ImmutableList.of();
    private State state = State.STARTING;
    private boolean preempted;
    private boolean kept;

    Lease(LeaseRequest ask, long number, int way) {
        this.ask = ask;
        this.number = number;
        this.way = way;
    }

    /** {@return what it was given for} */
    public LeaseRequest ask() {
        return ask;
    }

    /** {@return which of the ways that were asked for, from 0} */
    public int way() {
        return way;
    }

    long number() {
        return number;
    }

    Slot[] places() {
        return places;
    }

    void places(Slot[] taken) {
        places = taken;
    }

    ImmutableList<CapCounts.Key> counted() {
        return counted;
    }

    void counted(ImmutableList<CapCounts.Key> keys) {
        counted = keys;
    }

    boolean isEvictable() {
        return state == State.ACTIVE;
    }

    boolean isStarting() {
        return state == State.STARTING;
    }

    boolean isEvicted() {
        return state == State.EVICTED;
    }

    /** {@return whether the system has let go of the flow} */
    public boolean isReleased() {
        return state == State.RELEASED;
    }

    /** {@return whether it was evicted though it may have moved something, for an originator below its guaranteed share} */
    public boolean isPreempted() {
        return preempted;
    }

    /** Returns whether its places count for its originator. */
    boolean counts() {
        return state == State.STARTING || state == State.ACTIVE;
    }

    /** Returns whether closing the flow would free nothing. */
    boolean isKept() {
        return kept;
    }

    void keep() {
        kept = true;
    }

    void preempt() {
        preempted = true;
    }

    void activate() {
        state = State.ACTIVE;
    }

    void evict() {
        state = State.EVICTED;
    }

    void release() {
        state = State.RELEASED;
    }
}
