package dev.throughline.budget;

import java.util.List;
import java.util.Optional;

/** The answer to a request for a lease. */
public sealed interface Admission {
    /** {@return flows that must be closed now; their slots are in use until they are released} */
    List<Lease> evicted();

    /**
     * The flow has a lease.
     *
     * @param lease must be released in every case
     * @param passedOver why the preferred alternative was not used; empty if it was
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
     * @param ticket until it is served, expires or is cancelled
     * @param evicted flows to be closed
     * @param displaced a flow that was removed from the queue for this one
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
     * @param shortage the reason
     * @param evicted flows to be closed
     */
    record Refused(Shortage shortage, List<Lease> evicted) implements Admission {
        /** Copies the list. */
        public Refused {
            evicted = List.copyOf(evicted);
        }
    }
}
