package dev.throughline.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Opens plain TCP sockets. Each carries the hop's mark (SO_MARK, socket(7)), by which every hop on this host tells its
 * connections from the applications'.
 */
public final class Connector {
    /** SOL_SOCKET, SO_MARK (asm-generic/socket.h). */
    private static final IntegerUnixChannelOption SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);

    private final int mark;
    private final Duration timeout;

    /** With {@code mark} 0 connections are not marked, which needs no capability. */
    public Connector(int mark, Duration timeout) {
        this.mark = mark;
        this.timeout = timeout;
    }

    /**
     * Connects, on {@code loop}.
     *
     * @param first the first handler of the new connection's pipeline
     * @return the open channel, with reading off; or the {@link java.io.IOException} that the kernel answered with, or a
     *     {@link io.netty.channel.ConnectTimeoutException}
     */
    public CompletableFuture<SocketChannel> connect(
            EventLoop loop, InetSocketAddress destination, ChannelHandler first) {
        CompletableFuture<SocketChannel> connected = new CompletableFuture<>();
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(timeout.toMillis()))
                .handler(new Marking(connected, first))
                .connect(destination);
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                connected.complete((SocketChannel) connecting.channel());
            } else {
                connected.completeExceptionally(done.cause());
            }
        });
        return connected;
    }

    /** Marks the socket before it connects: an unmarked connection would be taken for an application's. */
    private final class Marking extends ChannelInitializer<SocketChannel> {
        private final CompletableFuture<SocketChannel> connected;
        private final ChannelHandler first;

        Marking(CompletableFuture<SocketChannel> connected, ChannelHandler first) {
            this.connected = connected;
            this.first = first;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            if (mark != 0) {
                try {
                    channel.config().setOption(SO_MARK, mark);
                } catch (RuntimeException e) {
                    connected.completeExceptionally(
                            new java.io.IOException("can't set SO_MARK: is CAP_NET_ADMIN missing?", e));
                    throw e;
                }
            }
            channel.pipeline().addLast(first);
        }
    }
}
