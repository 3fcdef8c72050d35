package dev.throughline.budget;

import java.util.List;

/**
 * The effects of a released lease, a new capacity or passed time on other flows.
 *
 * @param served flows that waited and have a lease now
 * @param expired flows whose longest wait is over
 * @param evicted flows that must be closed now
 */
public record BudgetChange(List<Served> served, List<Ticket> expired, List<Lease> evicted) {
    /** Copies the lists. */
    public BudgetChange {
        served = List.copyOf(served);
        expired = List.copyOf(expired);
        evicted = List.copyOf(evicted);
    }

    /** Nothing changed. */
    public static final BudgetChange NOTHING = new BudgetChange(List.of(), List.of(), List.of());

    /** {@return whether no other flow is affected} */
    public boolean isNothing() {
        return served.isEmpty() && expired.isEmpty() && evicted.isEmpty();
    }

    /**
     * A flow that waited and now has a lease.
     *
     * @param ticket the ticket with which it waited
     * @param lease must be released
     */
    public record Served(Ticket ticket, Lease lease) {}
}
