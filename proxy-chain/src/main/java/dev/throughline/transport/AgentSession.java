package dev.throughline.transport;

import dev.throughline.engine.Connection;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The time during which one process is the agent: from its first limits until the watch connection is lost. Tracks the
 * connections that this hop has ended and the agent may still hold. The end of the session frees them all, because a lost
 * agent gets no requests, and a returned agent reports the connections that it still holds. Thread-safe.
 */
final class AgentSession {
    /** One of the connections that the agent's system allows, from the hop's request until the agent has released it. */
    static final class Slot {
        private final CompletableFuture<Void> released = new CompletableFuture<>();

        CompletableFuture<Void> released() {
            return released;
        }

        /** Frees the slot; does nothing if it is free. */
        void free() {
            released.complete(null);
        }
    }

    private final AgentClient.Agent agent;
    private final EventLoop loop;
    private final Duration settle;
    private final Set<Slot> awaitingClose = ConcurrentHashMap.newKeySet();
    private final Set<Slot> awaitingLimits = ConcurrentHashMap.newKeySet();
    private volatile boolean over;

    AgentSession(AgentClient.Agent agent, EventLoop loop, Duration settle) {
        this.agent = agent;
        this.loop = loop;
        this.settle = settle;
    }

    /** Returns why the peer of {@code connection} isn't used; empty if it is the process that was allowed. */
    Optional<ConnectFailedException> objection(Connection connection) {
        AgentClient.Agent found;
        try {
            found = AgentClient.Agent.of(connection);
        } catch (IOException e) {
            return Optional.of(ConnectFailedException.of(
                    ConnectFailure.AGENT_NOT_ALLOWED,
                    "the kernel doesn't report which process listens: " + e.getMessage()));
        }
        return found.pid() == agent.pid() && found.uid() == agent.uid()
                ? Optional.empty()
                : Optional.of(
                        ConnectFailedException.of(ConnectFailure.AGENT_NOT_ALLOWED, found + ", and not " + agent));
    }

    /** Frees a slot when the session ends, unless the caller frees it before, when it sees the agent close. */
    void freeWhenAgentCloses(Slot slot) {
        awaitingClose.add(slot);
        slot.released().whenComplete((free, problem) -> awaitingClose.remove(slot));
        freeIfOver(slot);
    }

    /** Frees a slot of a connection that this hop closed, after the next limits: they show that the agent has seen it close. */
    void freeAfterNextLimits(Slot slot) {
        awaitingLimits.add(slot);
        freeIfOver(slot);
    }

    /** Frees a slot that was added after {@link #end} read the sets. */
    private void freeIfOver(Slot slot) {
        if (over) {
            slot.free();
        }
    }

    /** Waits a moment more before it frees slots: these limits may have been sent before this hop closed. */
    void limitsReceived() {
        List<Slot> closed = new ArrayList<>(awaitingLimits);
        if (!closed.isEmpty()) {
            closed.forEach(awaitingLimits::remove);
            loop.schedule(() -> closed.forEach(Slot::free), settle.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    void end() {
        over = true;
        new ArrayList<>(awaitingClose).forEach(Slot::free);
        new ArrayList<>(awaitingLimits).forEach(Slot::free);
    }
}
