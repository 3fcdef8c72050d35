package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import java.util.Optional;

/** What becomes of a flow that asked for a place. */
public sealed interface Admission {
    /** {@return flows that must be closed now, so that there is room again; they are in use until they are released} */
    ImmutableList<Lease> evicted();

    /**
     * It has one.
     *
     * @param lease to be released, whatever becomes of the flow
     * @param passedOver why it isn't that of the first way, if it isn't
     * @param evicted flows to be closed
     */
    record Granted(Lease lease, Optional<Shortage> passedOver, ImmutableList<Lease> evicted) implements Admission {}

    /**
     * It may have one later.
     *
     * @param ticket which is served, expires or is cancelled
     * @param evicted flows to be closed
     * @param displaced whoever must stop waiting for it
     */
    record Waiting(Ticket ticket, ImmutableList<Lease> evicted, Optional<Ticket> displaced) implements Admission {}

    /**
     * It has none.
     *
     * @param shortage why not
     * @param evicted flows to be closed
     */
    record Refused(Shortage shortage, ImmutableList<Lease> evicted) implements Admission {}
}
