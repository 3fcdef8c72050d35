package dev.throughline.admin;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import com.google.common.collect.ImmutableSet;
import dev.throughline.flow.AcceptFailures;
import dev.throughline.flow.HostShortages;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.SocketFile;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.PeerCredentials;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The admin interface. A Unix socket serves all pages to root, the hop's own user and the configured users; the kernel
 * authenticates them (SO_PEERCRED, unix(7)). An optional TCP address serves metrics and health.
 */
public final class AdminServer implements AutoCloseable {
    private static final int BACKLOG = 128;
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
    private static final int REQUEST_BYTES = 64 * 1024;
    private static final Duration REQUEST_TIME = Duration.ofSeconds(10);

    private final EventLoopGroup loops;
    private final AdminPages pages;
    private final ImmutableSet<Integer> uids;
    private final HostShortages shortages;
    private final int maxConnections;
    private final List<Channel> listening = new ArrayList<>();
    /** Recently refused users: each is logged at most once a minute. */
    private final Cache<Integer, Boolean> refused = CacheBuilder.newBuilder()
            .maximumSize(256)
            .expireAfterWrite(Duration.ofMinutes(1))
            .build();

    private @Nullable SocketFile socketFile;

    /**
     * Creates a server.
     *
     * @param uids users allowed to use the Unix socket
     * @param maxConnections maximum number of connections to each address; a connection carries one request, which
     *     takes milliseconds
     */
    public AdminServer(
            EventLoopGroup loops,
            AdminPages pages,
            ImmutableSet<Integer> uids,
            HostShortages shortages,
            int maxConnections) {
        this.maxConnections = maxConnections;
        this.loops = loops;
        this.pages = pages;
        this.uids = uids;
        this.shortages = shortages;
    }

    /** Opens the Unix socket at {@code path}. Replaces a stale socket of a killed hop. */
    public void listen(Path path) throws IOException {
        SocketFile.prepare(path);
        List<Page> all = new ArrayList<>(pages.allPages());
        all.add(pages.flows());
        all.add(pages.budget());
        all.add(pages.identification());
        all.add(pages.who());
        all.add(pages.reload());
        all.add(pages.applyRules());
        all.add(pages.removeRules());
        bind(
                new ServerBootstrap().channel(EpollServerDomainSocketChannel.class),
                new DomainSocketAddress(path.toFile()),
                new Pages<EpollDomainSocketChannel>(all, Optional.empty(), maxConnections) {
                    @Override
                    boolean mayRead(EpollDomainSocketChannel connection) throws IOException {
                        PeerCredentials peer = connection.peerCredentials();
                        boolean allowed = uids.contains(peer.uid());
                        if (!allowed && refused.asMap().putIfAbsent(peer.uid(), true) == null) {
                            LOG.warn("admin socket: refused user {}, process {}", peer.uid(), peer.pid());
                        }
                        return allowed;
                    }
                });
        socketFile = SocketFile.open(path, uids);
    }

    /**
     * Opens metrics and health at {@code address}.
     *
     * @param hosts accepted names in Host headers, in lower case; addresses and "localhost" are always accepted
     */
    public void listen(InetSocketAddress address, ImmutableSet<String> hosts) throws IOException {
        bind(
                new ServerBootstrap().channel(EpollServerSocketChannel.class),
                address,
                new Pages<Channel>(pages.publicPages(), Optional.of(new HostHeaderCheck(hosts)), maxConnections) {
                    @Override
                    boolean mayRead(Channel connection) {
                        return true;
                    }
                });
    }

    private void bind(ServerBootstrap bootstrap, SocketAddress address, Pages<?> handler) throws IOException {
        var bound = bootstrap
                .group(loops)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel listener) {
                        listener.pipeline()
                                .addLast(
                                        new AcceptFailureHandler(new AcceptFailures("admin interface", shortages)),
                                        new PacedAccept(maxConnections));
                    }
                })
                .childHandler(handler)
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "can't listen on " + (address instanceof InetSocketAddress tcp ? Tuple.text(tcp) : address) + ": "
                            + bound.cause().getMessage(),
                    bound.cause());
        }
        listening.add(bound.channel());
    }

    @Override
    public void close() throws IOException {
        listening.forEach(channel -> channel.close().awaitUninterruptibly());
        SocketFile file = socketFile;
        if (file != null) {
            file.close();
        }
    }

    /** The initialiser of a connection's pipeline, for one request. */
    private abstract static class Pages<C extends Channel> extends ChannelInitializer<C> {
        private final List<Page> pages;
        private final Optional<HostHeaderCheck> askedHost;
        private final ConnectionLimit connections;

        Pages(List<Page> pages, Optional<HostHeaderCheck> askedHost, int maxConnections) {
            this.connections = new ConnectionLimit(maxConnections, REQUEST_TIME);
            this.pages = pages;
            this.askedHost = askedHost;
        }

        abstract boolean mayRead(C connection) throws IOException;

        @Override
        protected void initChannel(C connection) throws IOException {
            if (!mayRead(connection)) {
                connection.close();
                return;
            }
            connections.add(connection);
            connection
                    .pipeline()
                    .addLast(new HttpServerCodec())
                    .addLast(new HttpObjectAggregator(REQUEST_BYTES))
                    .addLast(new PageHandler(pages, askedHost));
        }
    }
}
