package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
import dev.throughline.config.ListenerConfig;
import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Engine;
import dev.throughline.engine.ListenOptions;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.MarkException;
import dev.throughline.flow.AcceptFailures;
import dev.throughline.flow.FairQueue;
import dev.throughline.flow.Flow;
import dev.throughline.flow.FlowServices;
import dev.throughline.flow.ListenerProfile;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import dev.throughline.platform.linux.Conntrack;
import dev.throughline.platform.linux.SocketFile;
import io.netty.channel.EventLoop;
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
    private static final int BACKLOG = 4096;
    private static final int ACCEPTED_EACH_PASS = 4;
    private static final String NEEDS_NET_ADMIN = " (interception's IP_TRANSPARENT needs CAP_NET_ADMIN)";

    private static final int SOL_SOCKET = 1;
    private static final int SO_MARK = 36;
    private static final int SOL_IP = 0;
    private static final int IP_TRANSPARENT = 19;

    private final Engine engine;
    private final ListenerConfig config;
    private final ImmutableList<EventLoop> loops;
    private final FlowServices services;
    private final Conntrack conntrack;
    private final StrandedSockets stranded;
    private final int answerMark;
    private final Canaries canaries;
    private final AcceptQueues queues;
    private final int mostWaiting;
    private final ListenerProfile profile;
    private final AcceptFailures failures;
    private final List<ListeningSocket> listening = new CopyOnWriteArrayList<>();
    private volatile boolean closed;
    private volatile @Nullable SocketFile socketFile;

    /**
     * Creates a listener that asks {@code conntrack} for the original addresses of redirected connections, and
     * recognises {@code canaries}.
     *
     * @param loops event loops of flows, which also accept the connections
     * @param stranded aborts connections that {@code conntrack} doesn't know
     * @param answerMark SO_MARK of an intercepting listener's socket, which accepted connections inherit ({@link
     *     RulePlan#answerMark}); 0 for other listeners
     * @param queues the kernel's accept queues of the listener
     * @param mostWaiting maximum number of connections that wait for their turn while a queue has connections of one user only
     * @param applications decides which processes may be applications; in operation {@link ApplicationRule}
     */
    public Listener(
            Engine engine,
            ListenerConfig config,
            List<EventLoop> loops,
            FlowServices services,
            Conntrack conntrack,
            StrandedSockets stranded,
            int answerMark,
            Canaries canaries,
            AcceptQueues queues,
            int mostWaiting,
            ListenerProfile.OwnerRule applications) {
        this.engine = engine;
        this.config = config;
        this.loops = ImmutableList.copyOf(loops);
        this.services = services;
        this.conntrack = conntrack;
        this.stranded = stranded;
        this.answerMark = answerMark;
        this.canaries = canaries;
        this.queues = queues;
        this.mostWaiting = mostWaiting;
        this.profile = profile(applications);
        this.failures = new AcceptFailures(
                "listener " + config.name(), services.budget().shortages());
    }

    /** Returns the address of the first socket. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.getFirst().address();
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
        ListenOptions options = new ListenOptions(
                BACKLOG,
                true,
                transparent,
                transparent ? answerMark : 0,
                services.settings().tcp());
        ListeningSocket socket;
        try {
            socket = engine.listen(loops, address, options, ACCEPTED_EACH_PASS, this::newAcceptor);
        } catch (MarkException e) {
            throw new IOException("listener " + config.name() + " can't mark its answers" + NEEDS_NET_ADMIN, e);
        } catch (IOException e) {
            throw new IOException(cannotListen(address, String.valueOf(e.getMessage())), e);
        }
        listening.add(socket);
        queues.add(socket);
        // Without the option the listener would get no connections, and no error.
        if (transparent && !isTransparent(socket)) {
            throw new IOException("listener " + config.name() + " can't intercept" + NEEDS_NET_ADMIN);
        }
        // Without the mark the rules would treat the listener's replies as packets of an application.
        if (transparent && !isMarked(socket)) {
            throw new IOException("listener " + config.name() + " can't mark its answers" + NEEDS_NET_ADMIN);
        }
    }

    /** Returns why an intercepting listener gets no connections; empty if it works or was closed on purpose. */
    Optional<String> problem() {
        if (!(config instanceof ListenerConfig.Intercepting) || closed) {
            return Optional.empty();
        }
        for (ListeningSocket socket : listening) {
            if (!socket.isOpen()) {
                return Optional.of("listener " + config.name() + " is closed");
            }
            if (!isTransparent(socket)) {
                return Optional.of("listener " + config.name() + " lost IP_TRANSPARENT");
            }
            if (!isMarked(socket)) {
                return Optional.of("listener " + config.name() + " lost its mark (SO_MARK)");
            }
        }
        return Optional.empty();
    }

    /** Restores the sockets and their options. */
    void repair() throws IOException {
        for (ListeningSocket socket : List.copyOf(listening)) {
            if (!socket.isOpen() && !closed) {
                listening.remove(socket);
                bindOne((InetSocketAddress) socket.address());
            } else {
                socket.option(SOL_IP, IP_TRANSPARENT, 1);
                socket.option(SOL_SOCKET, SO_MARK, answerMark);
            }
        }
    }

    private boolean isMarked(ListeningSocket socket) {
        return hasOption(socket, SOL_SOCKET, SO_MARK, answerMark);
    }

    private static boolean isTransparent(ListeningSocket socket) {
        return hasOption(socket, SOL_IP, IP_TRANSPARENT, 1);
    }

    private static boolean hasOption(ListeningSocket socket, int level, int name, int value) {
        try {
            return socket.option(level, name) == value;
        } catch (IOException e) {
            // The socket was closed meanwhile.
            return false;
        }
    }

    private void bind(ListenerConfig.Bridge bridge) throws IOException {
        SocketFile.prepare(bridge.socket());
        try {
            listening.add(engine.listen(loops, bridge.socket(), BACKLOG, ACCEPTED_EACH_PASS, this::newAcceptor));
        } catch (IOException e) {
            throw new IOException(
                    "listener %s can't listen on %s: %s".formatted(config.name(), bridge.socket(), e.getMessage()), e);
        }
        socketFile = SocketFile.open(bridge.socket(), bridge.uids());
    }

    private ListenerProfile profile(ListenerProfile.OwnerRule applications) {
        return switch (config) {
            case ListenerConfig.Apps apps ->
                new ListenerProfile(
                        apps.name(),
                        new ListenerProfile.Preamble.Payload(),
                        true,
                        Optional.empty(),
                        arrivals(apps),
                        applications);
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
                        applications);
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
        listening.forEach(ListeningSocket::close);
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

    /** Returns the receiver of the connections that one loop accepts from one socket: each queue has its own order of users. */
    private AcceptListener newAcceptor() {
        return new FairAcceptor(
                services.acceptedConnections(),
                mostWaiting,
                profile.preamble() instanceof ListenerProfile.Preamble.Payload
                        ? FairQueue.Work.FLOW
                        : FairQueue.Work.HEADER,
                connection -> services.user(profile.resolver().hint(connection)),
                config instanceof ListenerConfig.Intercepting ? this::isCanary : connection -> false,
                (connection, who) -> new Flow(services, profile, connection, who).run(),
                failures);
    }

    private boolean isCanary(AcceptedSocket connection) {
        Optional<InetSocketAddress> local = connection.localAddress();
        Optional<InetSocketAddress> peer = connection.remoteAddress();
        return local.isPresent() && peer.isPresent() && canaries.arrived(config.name(), local.get(), peer.get());
    }
}
