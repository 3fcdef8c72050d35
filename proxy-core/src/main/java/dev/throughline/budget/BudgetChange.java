package dev.throughline.budget;

import com.google.common.collect.ImmutableList;

/**
 * What changed for others when a place became free, or time passed.
 *
 * @param served flows that waited and have a place now
 * @param expired flows that waited for as long as they may
 * @param evicted flows that must be closed now
 */
public record BudgetChange(ImmutableList<Served> served, ImmutableList<Ticket> expired, ImmutableList<Lease> evicted) {
    /** Nothing changed. */
    public static final BudgetChange NOTHING =
            new BudgetChange(ImmutableList.of(), ImmutableList.of(), ImmutableList.of());

    /**
     * A flow that waited, and its place.
     *
     * @param ticket with which it waited
     * @param lease that it has now
     */
    public record Served(Ticket ticket, Lease lease) {}
}
