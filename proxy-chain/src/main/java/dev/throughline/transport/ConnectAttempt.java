package dev.throughline.transport;

import java.util.concurrent.CompletableFuture;

/** A connection that was started: it is open at once, later or never, and has a place until the system has released it. */
public interface ConnectAttempt {
    /** The connection; or {@link ConnectFailedException}. Completed on the event loop of the start. */
    CompletableFuture<UpstreamConnection> opened();

    /**
     * Completed, by any thread, when the connection's place is free, as far as can be seen: it was closed, by the system too; or
     * never asked for. Of an agent's that was opened: closed here, and the agent had time to say its limits; or the agent is gone.
     */
    CompletableFuture<Void> released();

    /** Nobody wants the connection any more; {@link #opened} fails unless it has come to an end. */
    void giveUp();
}
