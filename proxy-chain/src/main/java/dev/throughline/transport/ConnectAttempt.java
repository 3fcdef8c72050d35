package dev.throughline.transport;

import java.util.concurrent.CompletableFuture;

/** An attempt to open a connection. It occupies a slot of its transport until the system has released the connection. */
public interface ConnectAttempt {
    /** Returns the connection, or fails with {@link ConnectFailedException}. Completed on the attempt's event loop. */
    CompletableFuture<UpstreamConnection> opened();

    /**
     * Completes, on any thread, when the slot is free: the system has closed the connection, or it was never requested. A
     * connection that an agent opened counts as released when this side has closed it and the agent's limits could show that,
     * or when the agent is gone.
     */
    CompletableFuture<Void> released();

    /** Cancels the attempt: {@link #opened} fails unless it is complete. */
    void giveUp();
}
