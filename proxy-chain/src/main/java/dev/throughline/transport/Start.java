package dev.throughline.transport;

import java.util.concurrent.CompletableFuture;

/** A connection that was started: it stands at once, later or never, and has a place until the system has let go of it. */
public interface Start {
    /** The connection; or {@link NotOpened}. */
    CompletableFuture<Opened> opened();

    /** Completed, whatever became of the connection, when its place is free. */
    CompletableFuture<Void> released();

    /** Nobody wants the connection any more; {@link #opened} fails if it hasn't come to an end. */
    void giveUp();
}
