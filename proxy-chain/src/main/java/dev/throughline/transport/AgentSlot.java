package dev.throughline.transport;

import java.util.concurrent.CompletableFuture;

/** One of the connections that the agent's system lets it have, from this hop's request until the agent has let it go. */
final class AgentSlot {
    private final CompletableFuture<Void> released = new CompletableFuture<>();

    CompletableFuture<Void> released() {
        return released;
    }

    /** A second time does nothing. */
    void free() {
        released.complete(null);
    }
}
