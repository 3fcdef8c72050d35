package dev.throughline.transport;

import dev.throughline.header.Tuple;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.Relay;
import dev.throughline.relay.StreamOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The transport that opens plain TCP sockets. Each has the hop's mark (SO_MARK, socket(7)), by which all hops on this host
 * distinguish its connections from those of applications. The sockets do not show the originator.
 */
public final class BsdSocket implements Transport {
    /** Name of the transport. */
    public static final String NAME = "bsd-socket";

    /** SOL_SOCKET, SO_MARK (asm-generic/socket.h). */
    public static final IntegerUnixChannelOption SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);

    private final int mark;
    private final Duration timeout;

    /** Creates a transport. With {@code mark} 0, connections are not marked, which needs no capability. */
    public BsdSocket(int mark, Duration timeout) {
        this.mark = mark;
        this.timeout = timeout;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean carriesOriginator() {
        return false;
    }

    @Override
    public boolean isHeaderOptional() {
        return false;
    }

    @Override
    public boolean mayStall() {
        return false;
    }

    @Override
    public ConnectAttempt start(EventLoop loop, ConnectRequest request, InboundBuffer inbox) {
        CompletableFuture<UpstreamConnection> opened = new CompletableFuture<>();
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(timeout.toMillis()))
                .handler(new MarkInitializer(opened, inbox));
        StreamOptions.connecting(bootstrap, request.tcp());
        ChannelFuture connecting = bootstrap.connect(request.destination());
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                SocketChannel channel = (SocketChannel) connecting.channel();
                StreamOptions.connected(channel, request.tcp());
                Tuple addresses = Tuple.tcp(channel.localAddress(), channel.remoteAddress());
                opened.complete(new UpstreamConnection(channel, Optional.of(addresses), false));
            } else {
                ConnectFailedException why = ConnectFailedException.bySystem(done.cause(), request.destination());
                // Netty reports a socket that could not be created on another thread.
                EventLoopTasks.run(loop, () -> opened.completeExceptionally(why));
            }
        });
        return new Connecting(connecting, opened);
    }

    private record Connecting(ChannelFuture connecting, CompletableFuture<UpstreamConnection> opened)
            implements ConnectAttempt {
        @Override
        public CompletableFuture<Void> released() {
            if (!isMade()) {
                return CompletableFuture.completedFuture(null);
            }
            CompletableFuture<Void> released = new CompletableFuture<>();
            connecting.channel().closeFuture().addListener(done -> released.complete(null));
            return released;
        }

        @Override
        public void giveUp() {
            opened.completeExceptionally(ConnectFailedException.of(ConnectFailure.GIVEN_UP, "its flow has ended"));
            // The connection may be established: a reset tells the peer that the flow was cut short.
            if (isMade()) {
                Relay.reset(connecting.channel());
            }
        }

        /** Returns whether there is a socket. Without a descriptor Netty has another channel, which is never closed. */
        private boolean isMade() {
            return connecting.channel() instanceof SocketChannel;
        }
    }

    /**
     * An initializer that marks the socket before it connects: an unmarked connection would be intercepted as an application's.
     */
    private final class MarkInitializer extends ChannelInitializer<SocketChannel> {
        private final CompletableFuture<UpstreamConnection> opened;
        private final InboundBuffer inbox;

        MarkInitializer(CompletableFuture<UpstreamConnection> opened, InboundBuffer inbox) {
            this.opened = opened;
            this.inbox = inbox;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            if (mark != 0) {
                try {
                    channel.config().setOption(SO_MARK, mark);
                } catch (RuntimeException e) {
                    opened.completeExceptionally(ConnectFailedException.of(
                            ConnectFailure.NOT_MARKED, "can't set SO_MARK (is CAP_NET_ADMIN missing?): " + e));
                    throw e;
                }
            }
            channel.pipeline().addLast(inbox);
        }
    }
}
