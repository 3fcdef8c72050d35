package dev.throughline.budget;

import java.util.List;

/** The places of a flow, one in each pool of its way, until they are released. */
public final class Lease {
    /** The state of the flow. */
    private enum State {
        /** Not relaying yet; never evicted for idleness. */
        STARTING,
        ACTIVE,
        /** Must be closed; doesn't count for its originator any more. */
        EVICTED,
        RELEASED
    }

    private final LeaseRequest ask;
    private final long number;
    private final int way;
    private Slot[] places = {};
    private List<CapCounts.Key> counted = List.of();
    private State state = State.STARTING;
    private boolean preempted;
    private boolean kept;

    Lease(LeaseRequest ask, long number, int way) {
        this.ask = ask;
        this.number = number;
        this.way = way;
    }

    /** {@return the request that it answers} */
    public LeaseRequest ask() {
        return ask;
    }

    /** {@return index of its way in the request} */
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

    List<CapCounts.Key> counted() {
        return counted;
    }

    void counted(List<CapCounts.Key> keys) {
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

    /** {@return whether it is released} */
    public boolean isReleased() {
        return state == State.RELEASED;
    }

    /** {@return whether it was evicted for an originator below its guaranteed share, idle or not} */
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
