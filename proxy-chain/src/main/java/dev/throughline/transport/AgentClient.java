package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.PeerProcess;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Client of an agent that opens connections with Network.framework for a hop (BRIDGE.md, "Opening"). The parts, in the order
 * in which they are used:
 *
 * <ul>
 *   <li>{@link AgentSocket} connects to the agent and reads its answers.
 *   <li>{@link AgentWatch} keeps one connection that checks which process the agent is, that it is alive, and how many
 *       connections its system allows.
 *   <li>{@link AgentSession} tracks which of these connections the agent still holds.
 *   <li>{@link AgentConnectAttempt} asks for one connection.
 * </ul>
 *
 * <p>No connection is requested while the agent is gone, or from a process other than the one that the rule allowed.
 */
public final class AgentClient implements AutoCloseable {
    private final AgentSocket socket;
    private final AgentWatch watch;

    /**
     * The process that listens on an agent's socket, as the kernel recorded it at listen(2) (SO_PEERCRED, unix(7)).
     *
     * @param pid 0 if the process is in a pid namespace that isn't visible to this hop
     * @param uid effective user
     * @param connection to it, for further questions to the kernel (SO_PEERPIDFD)
     */
    public record Agent(int pid, int uid, Connection connection) {
        static Agent of(Connection connection) throws IOException {
            PeerProcess peer = connection.peerProcess();
            return new Agent(peer.pid(), peer.uid(), connection);
        }

        @Override
        public String toString() {
            return "process " + pid + " of user " + Integer.toUnsignedString(uid);
        }
    }

    /** A rule that decides whether a process may act as the agent. */
    public interface Rule {
        /** Returns why not; empty if it may. Called once for each watch connection; any thread may complete the result. */
        CompletableFuture<Optional<String>> objection(Agent agent);
    }

    /** A listener for changes, called on the event loop of the watch. */
    public interface Listener {
        /** Notifies that the agent sent its limits, changed or not. */
        void limits(Limits limits);

        /** Notifies that the agent became unavailable, or still is for another reason than before. */
        void gone(String why);

        /** Notifies that the agent became available, for the first time or again; its limits follow. */
        void back();
    }

    /**
     * Timeouts and pauses.
     *
     * @param silence after which an agent without a message is gone
     * @param reconnect the first pause before another watch connection; each is twice the one before
     * @param reconnectMost the longest pause
     * @param settle how long after the next limits a connection that this hop closed counts as released by the agent; covers
     *     limits that were sent before it saw the close
     */
    public record Timings(Duration silence, Duration reconnect, Duration reconnectMost, Duration settle) {
        /** An agent sends limits at least every 5 s and at most ten times a second (BRIDGE.md). */
        public static final Timings DEFAULTS = new Timings(
                Duration.ofSeconds(15), Duration.ofMillis(100), Duration.ofSeconds(5), Duration.ofMillis(100));
    }

    /**
     * Creates a client. {@link #start} starts it.
     *
     * @param loop on which the agent is watched
     * @param path the agent's Unix socket
     */
    public AgentClient(Engine engine, EventLoop loop, Path path, Rule rule, Timings timings, Listener listener) {
        this.socket = new AgentSocket(engine, path);
        this.watch = new AgentWatch(loop, socket, rule, timings, listener);
    }

    /** Starts to watch the agent. */
    public void start() {
        watch.start();
    }

    /**
     * Asks the agent to open a connection.
     *
     * @param loop the event loop of the flow
     * @param deadline after which the attempt fails
     */
    public ConnectAttempt open(EventLoop loop, BridgeRequest.Open request, Duration deadline, ConnectResult result) {
        return switch (watch.presence()) {
            case AgentWatch.Presence.Gone(ConnectFailedException why) -> {
                result.failed(why);
                yield ConnectAttempt.NOT_STARTED;
            }
            case AgentWatch.Presence.Here(AgentSession session) -> {
                AgentConnectAttempt attempt = new AgentConnectAttempt(loop, session, request, result);
                attempt.start(socket, deadline);
                yield attempt;
            }
        };
    }

    /** Returns why the agent is unavailable; empty if it is available. */
    Optional<ConnectFailedException> gone() {
        return watch.presence() instanceof AgentWatch.Presence.Gone(ConnectFailedException why)
                ? Optional.of(why)
                : Optional.empty();
    }

    /** Stops watching the agent. Open connections stay open. */
    @Override
    public void close() {
        watch.close();
    }
}
