package dev.throughline.tests.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Bytes;
import dev.throughline.transport.EpollLoops;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * An emulator, not the real thing: an agent on macOS that opens connections with Network.framework for a hop
 * (BRIDGE.md, "Opening"), as seen from the hop. Its boundary is the real one, a Unix stream socket; its connections are
 * plain TCP sockets of this host. It imitates the reported behaviour of the system behind the agent:
 *
 * <ul>
 * <li>A process may have a limited number of connections. A connection that is started at the limit waits, with "Cannot
 * allocate memory", and continues to wait after others have closed.
 * <li>Every started connection is in use until it is cancelled or has ended, including one that waits.
 * <li>A connection has the metadata of one flow, or else is the agent's own. The next agent of the host gets this
 * information.
 * </ul>
 *
 * <p>It doesn't imitate changing paths, proxies, TLS, or a system that waits after a refusal, because the agent gives
 * up at once then. Everything runs on one thread, so the numbers are exact. Bytes are relayed by the hop's own relay.
 */
public final class NetworkFrameworkEmulator implements AutoCloseable {
    /** Of a process, before macOS 26.4. */
    public static final int LIMIT = 512;

    /** Of a process, from macOS 26.4 on. */
    public static final int LIMIT_26_4 = 1024;

    /** A system without a limit. */
    public static final int NO_LIMIT = 0;

    private final Path socket;
    private final Settings settings;
    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollLoops.newFactory());
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final EmulatedSystem system;
    private final LimitsWatches watches;
    private Optional<Channel> listener = Optional.empty();
    private volatile Start start = new Start.AtOnce();

    /**
     * The settings.
     *
     * @param limit maximum number of connections of the process; {@link #NO_LIMIT} for none
     * @param carries whether the system passes metadata on to the next agent
     * @param user the user who may request connections
     * @param requestTimeout maximum time for a request to arrive
     * @param limitsEvery interval of reports of unchanged limits
     */
    public record Settings(int limit, boolean carries, int user, Duration requestTimeout, Duration limitsEvery) {
        /** As on macOS, for hops of this JVM's user. */
        public static Settings limited(int limit) {
            return new Settings(limit, true, ownUser(), Duration.ofSeconds(5), Duration.ofSeconds(5));
        }

        public Settings withUser(int uid) {
            return new Settings(limit, carries, uid, requestTimeout, limitsEvery);
        }

        public Settings withLimitsEvery(Duration every) {
            return new Settings(limit, carries, user, requestTimeout, every);
        }

        /** A system that keeps the metadata to itself: nothing is carried, and the next agent sees the agent. */
        public Settings withoutMetadata() {
            return new Settings(limit, false, user, requestTimeout, limitsEvery);
        }

        private static int ownUser() {
            try {
                return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** The behaviour of the system when it starts a connection below the limit. */
    public sealed interface Start {
        /** As it should. */
        record AtOnce() implements Start {}

        /** Nothing happens for a while, without a report. */
        record After(Duration delay) implements Start {}

        /** It fails, and the agent says so. */
        record Failing(String reason) implements Start {}
    }

    /** Who opened a connection, as the system tells the next agent of this host. */
    public sealed interface Metadata {
        /** The process whose flow has this handle. */
        record OfFlow(Bytes handle) implements Metadata {}

        /** The agent, for itself. */
        record AgentsOwn() implements Metadata {}
    }

    private NetworkFrameworkEmulator(Path socket, Settings settings) {
        this.socket = socket;
        this.settings = settings;
        this.watches = new LimitsWatches(loop.next(), settings.limitsEvery(), this::limits);
        this.system = new EmulatedSystem(settings, watches::changed);
    }

    private BridgeAnswer.AgentNotice.Limits limits() {
        return system.limits();
    }

    /** Listens at {@code socket}. */
    public static NetworkFrameworkEmulator start(Path socket, Settings settings) throws IOException {
        NetworkFrameworkEmulator emulator = new NetworkFrameworkEmulator(socket, settings);
        emulator.listen();
        return emulator;
    }

    /** Listens, again after {@link #stopListening}. */
    public void listen() throws IOException {
        Files.deleteIfExists(socket);
        listener = Optional.of(new ServerBootstrap()
                .group(loop)
                .channel(EpollServerDomainSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<EpollDomainSocketChannel>() {
                    @Override
                    protected void initChannel(EpollDomainSocketChannel hop) {
                        connections.add(hop);
                        new HopsRequest(hop, settings, NetworkFrameworkEmulator.this::begin).await();
                    }
                })
                .bind(new DomainSocketAddress(socket.toFile()))
                .syncUninterruptibly()
                .channel());
    }

    private void begin(EpollDomainSocketChannel hop, BridgeRequest request) {
        switch (request) {
            case BridgeRequest.Watch watch -> watches.add(hop);
            case BridgeRequest.Open open -> new EmulatedConnection(hop, open, system, connections).start(start);
        }
    }

    /** Closes the agent's listener: no new requests are possible; open connections and watches continue. */
    public void stopListening() throws IOException {
        listener.ifPresent(channel -> channel.close().syncUninterruptibly());
        listener = Optional.empty();
        Files.deleteIfExists(socket);
    }

    /** The agent hangs, as far as limits go: no more are sent, until this is called with {@code false}. */
    public void silence(boolean silent) {
        onLoop(() -> {
            watches.silence(silent);
            return true;
        });
    }

    /** The agent ends every connection that watches. */
    public void endWatches() {
        onLoop(() -> {
            watches.end();
            return true;
        });
    }

    /** From now on connections are started like this. */
    public void starts(Start how) {
        start = how;
    }

    /** A flow that this agent has handed over, and that is still open. */
    public void handedOver(Bytes handle) {
        system.know(handle);
    }

    /** That flow is over. */
    public void ended(Bytes handle) {
        system.forget(handle);
    }

    /**
     * Returns the information about a connection for the next agent of this host.
     *
     * @param sourcePort source port of the connection, unique in the emulator while it is open; known before the
     *     destination can see it, and kept until a later connection has the same port
     */
    public Optional<Metadata> metadata(int sourcePort) {
        return system.metadata(sourcePort);
    }

    /** Connections that were started and neither ended nor cancelled, those that wait included. */
    public long inUse() {
        return onLoop(() -> system.limits().inUse());
    }

    /** How many of these wait, for ever. */
    public long waiting() {
        return onLoop(() -> system.limits().waiting());
    }

    /** Connections that watch the limits. */
    public int watches() {
        return onLoop(watches::count);
    }

    private <T> T onLoop(Callable<T> question) {
        return loop.submit(question).syncUninterruptibly().getNow();
    }

    /** The agent's process ends: everything is gone. */
    @Override
    public void close() throws IOException {
        stopListening();
        connections.close().syncUninterruptibly();
        loop.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
