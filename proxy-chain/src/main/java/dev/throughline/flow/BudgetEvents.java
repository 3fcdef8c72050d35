package dev.throughline.flow;

/** Listener for the results of requests to the budget. Called on any thread; must not block. */
public interface BudgetEvents {
    /**
     * Notifies that a flow must wait.
     *
     * @param pool the pool without a free slot: a transport's name, {@code hop}, {@code to NAME} for a next hop, {@code class}
     *     for a cap
     * @param reason {@code full}, {@code reserved} or {@code cap}
     */
    void waited(String pool, String reason);

    /** Notifies that a flow got no slot, at once or after it waited; parameters as in {@link #waited}. */
    void refused(String pool, String reason);

    /**
     * Notifies that a flow on a transport is closed to free its slot.
     *
     * @param reason {@code idle}, or {@code preempted} if it may have moved bytes
     */
    void evicted(String transport, String reason);

    /**
     * Notifies that a flow continues over a later transport of its route.
     *
     * @param transport the transport that the flow left
     * @param reason {@code full}, {@code reserved}, or the code of a {@link dev.throughline.transport.ConnectFailure}
     */
    void fellOver(String transport, String reason);
}
