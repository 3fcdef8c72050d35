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
    private final NetworkFramework.Agent agent;
    private final EventLoop loop;
    private final Duration settle;
    private final Set<AgentPlace> closing = ConcurrentHashMap.newKeySet();
    private final Set<AgentPlace> closed = ConcurrentHashMap.newKeySet();
    private volatile boolean over;

    AgentSession(NetworkFramework.Agent agent, EventLoop loop, Duration settle) {
        this.agent = agent;
        this.loop = loop;
        this.settle = settle;
    }

    /** Why the process at the other end of {@code connection} isn't asked, if it isn't the one that was allowed. */
    Optional<NotOpened> objection(EpollDomainSocketChannel connection) {
        NetworkFramework.Agent found;
        try {
            found = NetworkFramework.Agent.of(connection);
        } catch (IOException e) {
            return Optional.of(NotOpened.of(
                    NotOpened.AGENT_NOT_ALLOWED, "the kernel doesn't report which process listens: " + e.getMessage()));
        }
        return found.pid() == agent.pid() && found.uid() == agent.uid()
                ? Optional.empty()
                : Optional.of(NotOpened.of(NotOpened.AGENT_NOT_ALLOWED, found + ", and not " + agent));
    }

    /** {@code place} is free when the agent closes, which whoever completes it sees. */
    void awaitsClose(AgentPlace place) {
        closing.add(place);
        place.released().whenComplete((free, problem) -> closing.remove(place));
        freeIfOver(place);
    }

    /** {@code place} is free when the agent has seen this hop close, which only the next limits say. */
    void awaitsLimits(AgentPlace place) {
        closed.add(place);
        freeIfOver(place);
    }

    /** After {@link #over} is set nobody else looks into the sets. */
    private void freeIfOver(AgentPlace place) {
        if (over) {
            place.free();
        }
    }

    /** Limits may have been under way when the last places were left; by the end of a while more the agent has let go. */
    void limitsCame() {
        List<AgentPlace> left = new ArrayList<>(closed);
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

    private static void free(List<AgentPlace> places) {
        places.forEach(AgentPlace::free);
    }
}
