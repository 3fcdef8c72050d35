package dev.throughline.relay;

import io.netty.bootstrap.AbstractBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * Socket options of the connections that a hop relays.
 *
 * <p>With SO_LINGER on and a time of zero, the kernel resets a connection that is closed before its end was acknowledged, also
 * when the process is killed. So a truncated stream doesn't look complete to the peer, as it would with a FIN.
 */
public final class StreamOptions {
    /**
     * SOL_SOCKET, SO_OOBINLINE (asm-generic/socket.h). Keeps an urgent byte (MSG_OOB) in the stream instead of dropping it. It
     * is forwarded as an ordinary byte, without the mark.
     */
    public static final ChannelOption<Integer> SO_OOBINLINE = new IntegerUnixChannelOption("SO_OOBINLINE", 1, 10);

    /** SOL_SOCKET, SO_KEEPALIVE; Netty's own option doesn't apply to listening sockets. */
    private static final ChannelOption<Integer> SO_KEEPALIVE = new IntegerUnixChannelOption("SO_KEEPALIVE", 1, 9);

    /** IPPROTO_TCP and the numbers of linux/tcp.h; Netty's own options don't apply to listening sockets. */
    private static final ChannelOption<Integer> KEEPIDLE = new IntegerUnixChannelOption("TCP_KEEPIDLE", 6, 4);

    private static final ChannelOption<Integer> KEEPINTVL = new IntegerUnixChannelOption("TCP_KEEPINTVL", 6, 5);
    private static final ChannelOption<Integer> KEEPCNT = new IntegerUnixChannelOption("TCP_KEEPCNT", 6, 6);
    private static final ChannelOption<Integer> USER_TIMEOUT = new IntegerUnixChannelOption("TCP_USER_TIMEOUT", 6, 18);

    /** SOL_SOCKET, SO_LINGER; Netty's own option doesn't apply to listening sockets. */
    private static final ChannelOption<ByteBuffer> LINGER =
            new RawUnixChannelOption("SO_LINGER", 1, 13, 2 * Integer.BYTES);

    private StreamOptions() {}

    /**
     * Sets the options on a listening socket, from which accepted sockets inherit them: they apply to data that arrives before
     * accept(2) as well, and cost no system call for each connection.
     */
    public static void listening(AbstractBootstrap<?, ?> bootstrap, TcpTimeouts timeouts) {
        common(bootstrap, timeouts);
        bootstrap.option(LINGER, resetsWhenClosed());
        if (!timeouts.userTimeout().isZero()) {
            bootstrap.option(USER_TIMEOUT, millis(timeouts.userTimeout()));
        }
    }

    /** Sets the options on a socket that will connect, except the user timeout: see {@link #connected}. */
    public static void connecting(AbstractBootstrap<?, ?> bootstrap, TcpTimeouts timeouts) {
        common(bootstrap, timeouts);
        bootstrap.option(ChannelOption.SO_LINGER, 0);
    }

    /** Makes {@link Channel#close} end a connection with a FIN instead of a reset. */
    public static void closeInOrder(Channel channel) {
        if (channel instanceof EpollSocketChannel && channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, -1);
        }
    }

    /** Returns struct linger: on, with a time of zero. */
    private static ByteBuffer resetsWhenClosed() {
        return ByteBuffer.allocateDirect(2 * Integer.BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(1)
                .putInt(0)
                .flip();
    }

    private static void common(AbstractBootstrap<?, ?> bootstrap, TcpTimeouts timeouts) {
        bootstrap.option(SO_OOBINLINE, 1);
        if (!timeouts.keepaliveTime().isZero()) {
            bootstrap
                    .option(SO_KEEPALIVE, 1)
                    .option(KEEPIDLE, seconds(timeouts.keepaliveTime()))
                    .option(KEEPINTVL, seconds(timeouts.keepaliveInterval()))
                    .option(KEEPCNT, timeouts.keepaliveProbes());
        }
    }

    /** Sets the user timeout on a connected socket. If set before, it would shorten the connect timeout. */
    public static void connected(Channel channel, TcpTimeouts timeouts) {
        if (!timeouts.userTimeout().isZero()) {
            userTimeout(channel, timeouts.userTimeout());
        }
    }

    /** Sets TCP_USER_TIMEOUT; zero is the kernel's default. */
    static void userTimeout(Channel channel, Duration timeout) {
        if (channel instanceof EpollSocketChannel && channel.isOpen()) {
            channel.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, millis(timeout));
        }
    }

    private static int seconds(Duration duration) {
        return Math.toIntExact(duration.toSeconds());
    }

    private static int millis(Duration duration) {
        return Math.toIntExact(duration.toMillis());
    }
}
