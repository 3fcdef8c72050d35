package dev.throughline.intercept;

import com.google.common.net.InetAddresses;
import dev.throughline.budget.Account;
import dev.throughline.config.ListenerConfig;
import dev.throughline.flow.AcceptGuard;
import dev.throughline.flow.FairQueue;
import dev.throughline.flow.Flow;
import dev.throughline.flow.FlowServices;
import dev.throughline.flow.ListenerProfile;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import dev.throughline.platform.linux.Conntrack;
import dev.throughline.platform.linux.SocketFile;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.StreamOptions;
import dev.throughline.transport.BsdSocket;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A configured listener, which starts a {@link Flow} for every connection. */
public final class Listener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);
    private static final AttributeKey<InetSocketAddress> ADDRESS = AttributeKey.valueOf(Listener.class, "address");
    private static final int BACKLOG = 4096;
    private static final int ACCEPTED_EACH_PASS = 4;
    private static final String NEEDS_NET_ADMIN = " (interception's IP_TRANSPARENT needs CAP_NET_ADMIN)";

    /** Accepted connections never reach Netty's child handler: {@link FairAcceptor} takes them. */
    private static final ChannelHandler NEVER = new ChannelInitializer<>() {
        @Override
        protected void initChannel(Channel connection) {
            throw new IllegalStateException("a connection bypassed its fair queue");
        }
    };

    private final ListenerConfig config;
    private final EventLoopGroup accepting;
    private final EventLoopGroup loops;
    private final FlowServices services;
    private final Conntrack conntrack;
    private final StrandedSockets stranded;
    private final int answerMark;
    private final Canaries canaries;
    private final AcceptQueues queues;
    private final int mostWaiting;
    private final ListenerProfile profile;
    private final AcceptGuard guard;
    private final List<Channel> listening = new CopyOnWriteArrayList<>();
    private volatile boolean closed;
    private volatile @Nullable SocketFile socketFile;

    /**
     * Creates a listener that asks {@code conntrack} for the original addresses of redirected connections, and
     * recognises {@code canaries}.
     *
     * @param accepting event loops that only accept connections
     * @param loops event loops of flows
     * @param stranded aborts connections that {@code conntrack} doesn't know
     * @param answerMark SO_MARK of an intercepting listener's socket, which accepted connections inherit ({@link
     *     RulePlan#answerMark}); 0 for other listeners
     * @param queues the kernel's accept queues of the listener
     * @param mostWaiting maximum number of connections that wait for their turn while a queue has connections of one user only
     */
    public Listener(
            ListenerConfig config,
            EventLoopGroup accepting,
            EventLoopGroup loops,
            FlowServices services,
            Conntrack conntrack,
            StrandedSockets stranded,
            int answerMark,
            Canaries canaries,
            AcceptQueues queues,
            int mostWaiting) {
        this.config = config;
        this.accepting = accepting;
        this.loops = loops;
        this.services = services;
        this.conntrack = conntrack;
        this.stranded = stranded;
        this.answerMark = answerMark;
        this.canaries = canaries;
        this.queues = queues;
        this.mostWaiting = mostWaiting;
        this.profile = profile();
        this.guard =
                new AcceptGuard("listener " + config.name(), services.budget().shortages());
    }

    /** Starts listening, or throws if that isn't possible. */
    public void start() throws IOException {
        switch (config) {
            case ListenerConfig.Intercepting intercepting -> {
                bind(loopback("127.0.0.1", intercepting));
                try {
                    bind(loopback("::1", intercepting));
                } catch (IOException e) {
                    LOG.warn(
                            "listener {}: IPv6 is unavailable, IPv6 connections are refused: {}",
                            config.name(),
                            e.getMessage());
                }
            }
            case ListenerConfig.Forward forward -> bind(forward.address());
            case ListenerConfig.Chain chain -> bind(chain.address());
            case ListenerConfig.Legacy legacy -> bind(legacy.address());
            case ListenerConfig.Bridge bridge -> bind(bridge);
        }
    }

    /**
     * The kernel's queue is first in, first out, so connections are accepted at once and {@code flow.FairQueue} orders
     * them.
     */
    private static RecvByteBufAllocator acceptsPerRead() {
        return new ServerChannelRecvByteBufAllocator().maxMessagesPerRead(ACCEPTED_EACH_PASS);
    }

    private static InetSocketAddress loopback(String address, ListenerConfig.Intercepting listener) {
        return new InetSocketAddress(InetAddresses.forString(address), listener.port());
    }

    private void bind(InetSocketAddress address) throws IOException {
        refuseToShare(address);
        for (int i = 0; i < queues.each(); i++) {
            bindOne(address);
        }
    }

    /**
     * With SO_REUSEPORT, a second hop of the same user and configuration would silently get a share of the connections.
     */
    private void refuseToShare(InetSocketAddress address) throws IOException {
        try (SocketChannel probe = SocketChannel.open()) {
            probe.setOption(StandardSocketOptions.SO_REUSEADDR, true).bind(address);
        } catch (IOException e) {
            throw new IOException(cannotListen(address, String.valueOf(e.getMessage())), e);
        }
    }

    private String cannotListen(InetSocketAddress address, String problem) {
        boolean needs = config instanceof ListenerConfig.Intercepting && problem.contains("not permitted");
        return "listener %s can't listen on %s: %s%s"
                .formatted(config.name(), Tuple.text(address), problem, needs ? NEEDS_NET_ADMIN : "");
    }

    private void bindOne(InetSocketAddress address) throws IOException {
        // TPROXY delivers only to such a socket, and the rules accept redirected connections only at such a socket.
        boolean transparent = config instanceof ListenerConfig.Intercepting;
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(accepting, loops)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.RECVBUF_ALLOCATOR, acceptsPerRead())
                .option(EpollChannelOption.SO_REUSEPORT, true)
                .handler(accepting())
                .childHandler(NEVER);
        StreamOptions.listening(bootstrap, services.settings().tcp());
        if (transparent) {
            bootstrap.option(EpollChannelOption.IP_TRANSPARENT, true).option(BsdSocket.SO_MARK, answerMark);
        }
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    cannotListen(address, String.valueOf(bound.cause().getMessage())), bound.cause());
        }
        bound.channel().attr(ADDRESS).set(address);
        listening.add(bound.channel());
        queues.add(bound.channel());
        // Without the option the listener would get no connections, and no error.
        if (transparent && !isTransparent(bound.channel())) {
            throw new IOException("listener " + config.name() + " can't intercept" + NEEDS_NET_ADMIN);
        }
        // Without the mark the rules would treat the listener's replies as packets of an application.
        if (transparent && !isMarked(bound.channel())) {
            throw new IOException("listener " + config.name() + " can't mark its answers" + NEEDS_NET_ADMIN);
        }
    }

    /** Returns why an intercepting listener gets no connections; empty if it works or was closed on purpose. */
    Optional<String> problem() {
        if (!(config instanceof ListenerConfig.Intercepting) || closed) {
            return Optional.empty();
        }
        for (Channel channel : listening) {
            if (!channel.isOpen()) {
                return Optional.of("listener " + config.name() + " is closed");
            }
            if (!isTransparent(channel)) {
                return Optional.of("listener " + config.name() + " lost IP_TRANSPARENT");
            }
            if (!isMarked(channel)) {
                return Optional.of("listener " + config.name() + " lost its mark (SO_MARK)");
            }
        }
        return Optional.empty();
    }

    /** Restores the sockets and their options. */
    void repair() throws IOException {
        for (Channel channel : List.copyOf(listening)) {
            if (!channel.isOpen() && !closed) {
                listening.remove(channel);
                bindOne(channel.attr(ADDRESS).get());
            } else {
                channel.config().setOption(EpollChannelOption.IP_TRANSPARENT, true);
                channel.config().setOption(BsdSocket.SO_MARK, answerMark);
            }
        }
    }

    private boolean isMarked(Channel channel) {
        try {
            return Integer.valueOf(answerMark).equals(channel.config().getOption(BsdSocket.SO_MARK));
        } catch (RuntimeException e) {
            // The socket was closed meanwhile.
            return false;
        }
    }

    private static boolean isTransparent(Channel channel) {
        try {
            return Boolean.TRUE.equals(channel.config().getOption(EpollChannelOption.IP_TRANSPARENT));
        } catch (RuntimeException e) {
            // The socket was closed meanwhile.
            return false;
        }
    }

    private void bind(ListenerConfig.Bridge bridge) throws IOException {
        SocketFile.prepare(bridge.socket());
        ChannelFuture bound = new ServerBootstrap()
                .group(accepting, loops)
                .channel(EpollServerDomainSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.RECVBUF_ALLOCATOR, acceptsPerRead())
                .handler(accepting())
                .childHandler(NEVER)
                .bind(new DomainSocketAddress(bridge.socket().toFile()))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "listener %s can't listen on %s: %s"
                            .formatted(
                                    config.name(),
                                    bridge.socket(),
                                    bound.cause().getMessage()),
                    bound.cause());
        }
        listening.add(bound.channel());
        socketFile = SocketFile.open(bridge.socket(), bridge.uids());
    }

    private ListenerProfile profile() {
        return switch (config) {
            case ListenerConfig.Apps apps ->
                new ListenerProfile(
                        apps.name(),
                        new ListenerProfile.Preamble.Payload(),
                        true,
                        Optional.empty(),
                        arrivals(apps),
                        new ApplicationRule());
            case ListenerConfig.PreviousHop previous ->
                new ListenerProfile(
                        previous.name(),
                        new ListenerProfile.Preamble.SignedHeader(),
                        true,
                        Optional.of(HopId.of(previous.previous().hop())),
                        arrivals(previous),
                        new PreviousHopRule(previous.previous()));
            case ListenerConfig.Forward forward ->
                new ListenerProfile(
                        forward.name(),
                        new ListenerProfile.Preamble.Payload(),
                        false,
                        Optional.empty(),
                        PlainResolver.forwarding(forward.destination()),
                        new ApplicationRule());
            case ListenerConfig.Chain chain ->
                new ListenerProfile(
                        chain.name(),
                        new ListenerProfile.Preamble.SignedHeader(),
                        false,
                        Optional.empty(),
                        PlainResolver.ofPreviousHops(),
                        ListenerProfile.OwnerRule.ANYONE);
            case ListenerConfig.Legacy legacy ->
                new ListenerProfile(
                        legacy.name(),
                        new ListenerProfile.Preamble.BelievedHeader(legacy.peers()),
                        false,
                        Optional.empty(),
                        PlainResolver.ofProxies(),
                        ListenerProfile.OwnerRule.ANYONE);
            case ListenerConfig.Bridge bridge ->
                new ListenerProfile(
                        bridge.name(),
                        new ListenerProfile.Preamble.HandedOverHeader(),
                        false,
                        Optional.empty(),
                        new BridgeResolver(bridge.uids()),
                        new AgentRule(bridge.agents()));
        };
    }

    private dev.throughline.flow.AcceptedConnection.Resolver arrivals(ListenerConfig.Intercepting intercepting) {
        return switch (intercepting.by()) {
            case TPROXY -> new TproxyResolver(intercepting.port(), conntrack);
            case REDIRECT -> new RedirectResolver(intercepting.port(), conntrack, stranded);
        };
    }

    /** Stops accepting; open connections continue. */
    @Override
    public void close() {
        closed = true;
        listening.forEach(channel -> channel.close().awaitUninterruptibly());
        SocketFile file = socketFile;
        socketFile = null;
        if (file == null) {
            return;
        }
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("listener {}: can't delete its socket file: {}", config.name(), e.toString());
        }
    }

    /** Initialises each accepted connection. */
    private ChannelHandler accepting() {
        FairAcceptor turns = new FairAcceptor(
                loops,
                services.acceptedConnections(),
                mostWaiting,
                profile.preamble() instanceof ListenerProfile.Preamble.Payload
                        ? FairQueue.Work.FLOW
                        : FairQueue.Work.HEADER,
                connection -> services.user(profile.resolver().hint(connection)),
                (local, peer) ->
                        config instanceof ListenerConfig.Intercepting && canaries.arrived(config.name(), local, peer),
                this::begin);
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel listener) {
                listener.pipeline().addLast(guard, turns);
            }
        };
    }

    /** The flow starts when the channel is registered with its event loop. */
    private void begin(DuplexChannel connection, Account who) {
        connection.config().setAutoRead(false);
        connection.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        if (config instanceof ListenerConfig.Bridge) {
            connection.config().setOption(StreamOptions.SO_OOBINLINE, 1);
        } else {
            connection.config().setOption(ChannelOption.TCP_NODELAY, true);
        }
        InboundBuffer inbox = new InboundBuffer();
        connection.pipeline().addLast(inbox, new FlowStarter(connection, inbox, who));
    }

    /** A handler that starts the flow when the channel is registered with its event loop. */
    private final class FlowStarter extends ChannelInboundHandlerAdapter {
        private final DuplexChannel connection;
        private final InboundBuffer inbox;
        private final Account who;

        FlowStarter(DuplexChannel connection, InboundBuffer inbox, Account who) {
            this.connection = connection;
            this.inbox = inbox;
            this.who = who;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.pipeline().remove(this);
            new Flow(services, profile, connection, inbox, who).run();
        }
    }
}
