package dev.throughline.budget;

import java.util.List;

/** The slots of a flow, one in each pool of its alternative, until they are released. */
public final class Lease {
    /** The state of the flow. */
    private enum State {
        /** Not relaying yet; never evicted for idleness. */
        STARTING,
        ACTIVE,
        /** Must be closed; no longer counts for its originator. */
        EVICTED,
        RELEASED
    }

    private final LeaseRequest request;
    private final long number;
    private final int alternative;
    private Slot[] slots = {};
    private List<CapCounts.Key> counted = List.of();
    private State state = State.STARTING;
    private boolean preempted;
    private boolean kept;

    Lease(LeaseRequest request, long number, int alternative) {
        this.request = request;
        this.number = number;
        this.alternative = alternative;
    }

    /** {@return the request that was granted} */
    public LeaseRequest request() {
        return request;
    }

    /** {@return the index of the granted alternative in the request} */
    public int alternative() {
        return alternative;
    }

    long number() {
        return number;
    }

    Slot[] slots() {
        return slots;
    }

    void slots(Slot[] taken) {
        slots = taken;
    }

    List<CapCounts.Key> counted() {
        return counted;
    }

    void counted(List<CapCounts.Key> keys) {
        counted = keys;
    }

    boolean isEvictable() {
        return state == State.ACTIVE && !kept;
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

    /** Returns whether its slots count for its originator. */
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

    /** Uses the number: a hash code of the JVM's own takes a call into it for each new object, and each flow has new leases. */
    @Override
    public int hashCode() {
        return Long.hashCode(number);
    }
}
