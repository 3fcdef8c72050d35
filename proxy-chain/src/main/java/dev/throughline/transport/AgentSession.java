package dev.throughline.transport;

import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The time in which one process is the agent: from its first limits to the end of the connection that watches it. It knows the
 * places that this hop has left and nobody has seen the agent let go of. When it is over these are free, as far as this hop
 * counts them: nothing is asked of an agent that is gone, and one that is back says what it still has. Any thread may call.
 */
final class AgentSession {
    private final AgentClient.Agent agent;
    private final EventLoop loop;
    private final Duration settle;
    private final Set<AgentSlot> closing = ConcurrentHashMap.newKeySet();
    private final Set<AgentSlot> closed = ConcurrentHashMap.newKeySet();
    private volatile boolean over;

    AgentSession(AgentClient.Agent agent, EventLoop loop, Duration settle) {
        this.agent = agent;
        this.loop = loop;
        this.settle = settle;
    }

    /** Why the process at the other end of {@code connection} isn't asked, if it isn't the one that was allowed. */
    Optional<ConnectFailedException> objection(EpollDomainSocketChannel connection) {
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

    /** {@code place} is free when the agent closes, which the completing caller sees. */
    void awaitsClose(AgentSlot place) {
        closing.add(place);
        place.released().whenComplete((free, problem) -> closing.remove(place));
        freeIfOver(place);
    }

    /** {@code place} is free when the agent has seen this hop close, which only the next limits say. */
    void awaitsLimits(AgentSlot place) {
        closed.add(place);
        freeIfOver(place);
    }

    /** After {@link #over} is set nobody else looks into the sets. */
    private void freeIfOver(AgentSlot place) {
        if (over) {
            place.free();
        }
    }

    /** Limits may have been under way when the last places were left; by the end of a while more the agent has let go. */
    void limitsCame() {
        List<AgentSlot> left = new ArrayList<>(closed);
        if (!left.isEmpty()) {
            left.forEach(closed::remove);
            loop.schedule(() -> free(left), settle.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    void end() {
        over = true;
        free(new ArrayList<>(closing));
        free(new ArrayList<>(closed));
    }

    private static void free(List<AgentSlot> places) {
        places.forEach(AgentSlot::free);
    }
}
