package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.bridge.BridgeRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Connections that an agent opens with Network.framework, for a hop that asks it to (BRIDGE.md, "Opening"). One connection
 * watches the agent: who it is, that it lives, and how many connections its system lets it have. Nothing is asked of an agent
 * that is gone, nor of another process than the one that was allowed.
 */
public final class AgentClient implements AutoCloseable {
    private final AgentSocket socket;
    private final AgentWatch watch;

    /**
     * Who listens at an agent's socket, as the kernel recorded it at listen(2) (SO_PEERCRED, unix(7)).
     *
     * @param pid its process; 0 if it is in a pid namespace that can't be seen from here
     * @param uid its effective user
     * @param connection to it, for further questions to the kernel (SO_PEERPIDFD)
     */
    public record Agent(int pid, int uid, Channel connection) {
        static Agent of(EpollDomainSocketChannel connection) throws IOException {
            PeerCredentials peer = connection.peerCredentials();
            return new Agent(peer.pid(), peer.uid(), connection);
        }

        @Override
        public String toString() {
            return "process " + pid + " of user " + Integer.toUnsignedString(uid);
        }
    }

    /** Decides whether a process may be asked. */
    public interface Rule {
        /** Why not, if not. Asked once for each connection that watches; any thread may complete it. */
        CompletableFuture<Optional<String>> objection(Agent agent);
    }

    /** Is notified of changes, on the event loop of the watch. */
    public interface Listener {
        /** As often as the agent says it. */
        void limits(Limits limits);

        /** It can't be asked, or still can't, for another reason than before. */
        void gone(String why);

        /** It can be asked, for the first time or again; its limits follow. */
        void back();
    }

    /**
     * How long things take.
     *
     * @param silence after which an agent is taken for gone
     * @param reconnect the first pause before another watch; each is twice the one before
     * @param reconnectMost the longest
     * @param settle how long after the next limits an agent has let go of what this hop had closed before, though these limits
     *     may have been under way then
     */
    public record Timings(Duration silence, Duration reconnect, Duration reconnectMost, Duration settle) {
        /** Limits come every 5 s at least, and ten times a second at most (BRIDGE.md). */
        public static final Timings DEFAULTS = new Timings(
                Duration.ofSeconds(15), Duration.ofMillis(100), Duration.ofSeconds(5), Duration.ofMillis(100));
    }

    private record NeverAsked(CompletableFuture<UpstreamConnection> opened, CompletableFuture<Void> released)
            implements ConnectAttempt {
        static NeverAsked because(ConnectFailedException why) {
            return new NeverAsked(CompletableFuture.failedFuture(why), CompletableFuture.completedFuture(null));
        }

        @Override
        public void giveUp() {}
    }

    /**
     * Nothing begins before {@link #start}.
     *
     * @param loop of the watch
     * @param path the agent's Unix socket
     */
    public AgentClient(EventLoop loop, Path path, Rule rule, Timings timings, Listener listener) {
        this.socket = new AgentSocket(path);
        this.watch = new AgentWatch(loop, socket, rule, timings, listener);
    }

    /** Begins to watch. */
    public void start() {
        watch.start();
    }

    /**
     * Asks for a connection.
     *
     * @param loop the flow's
     * @param deadline after which the start is given up
     * @param first the first handler of the new connection's pipeline, which keeps what comes until it is asked for
     * @param unread takes bytes that came right behind the answer, to be kept in front of what {@code first} has
     */
    public ConnectAttempt open(
            EventLoop loop,
            BridgeRequest.Open request,
            Duration deadline,
            ChannelHandler first,
            Consumer<ByteBuf> unread) {
        return switch (watch.presence()) {
            case AgentWatch.Presence.Gone(ConnectFailedException why) -> NeverAsked.because(why);
            case AgentWatch.Presence.Here(AgentSession session) -> {
                AgentStart start = new AgentStart(loop, session, request, first, unread);
                start.begin(socket, deadline);
                yield start;
            }
        };
    }

    /** Why nothing is asked of the agent, if it is gone. */
    Optional<ConnectFailedException> gone() {
        return watch.presence() instanceof AgentWatch.Presence.Gone(ConnectFailedException why)
                ? Optional.of(why)
                : Optional.empty();
    }

    /** Ends the watch. Open connections stay open. */
    @Override
    public void close() {
        watch.close();
    }
}
