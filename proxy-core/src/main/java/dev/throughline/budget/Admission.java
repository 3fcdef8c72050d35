package dev.throughline.budget;

import java.util.List;
import java.util.Optional;

/** The answer to a request for a lease. */
public sealed interface Admission {
    /** {@return flows that must be closed now; their places are in use until they are released} */
    List<Lease> evicted();

    /**
     * The flow has a lease.
     *
     * @param lease must be released, whatever becomes of the flow
     * @param passedOver why it isn't on the first way; empty if it is
     * @param evicted flows to be closed
     */
    record Granted(Lease lease, Optional<Shortage> passedOver, List<Lease> evicted) implements Admission {
        /** Copies the list. */
        public Granted {
            evicted = List.copyOf(evicted);
        }
    }

    /**
     * The flow waits.
     *
     * @param ticket is served, expires or is cancelled
     * @param evicted flows to be closed
     * @param displaced a flow that lost its place in the queue to this one
     */
    record Waiting(Ticket ticket, List<Lease> evicted, Optional<Ticket> displaced) implements Admission {
        /** Copies the list. */
        public Waiting {
            evicted = List.copyOf(evicted);
        }
    }

    /**
     * The flow is refused.
     *
     * @param shortage why
     * @param evicted flows to be closed
     */
    record Refused(Shortage shortage, List<Lease> evicted) implements Admission {
        /** Copies the list. */
        public Refused {
            evicted = List.copyOf(evicted);
        }
    }
}
