package dev.throughline.relay;

import io.netty.bootstrap.AbstractBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.time.Duration;

/** Socket options of the connections that a hop relays. */
public final class StreamOptions {
    /**
     * SOL_SOCKET, SO_OOBINLINE (asm-generic/socket.h). Keeps an urgent byte (MSG_OOB) in the stream, where it would otherwise be
     * taken out and lost. It is passed on as an ordinary byte, without the mark.
     */
    public static final ChannelOption<Integer> SO_OOBINLINE = new IntegerUnixChannelOption("SO_OOBINLINE", 1, 10);

    /** SOL_SOCKET, SO_KEEPALIVE; Netty's own option isn't one of a listening socket. */
    private static final ChannelOption<Integer> SO_KEEPALIVE = new IntegerUnixChannelOption("SO_KEEPALIVE", 1, 9);

    /** IPPROTO_TCP and the numbers of linux/tcp.h; Netty's own options aren't those of a listening socket. */
    private static final ChannelOption<Integer> KEEPIDLE = new IntegerUnixChannelOption("TCP_KEEPIDLE", 6, 4);

    private static final ChannelOption<Integer> KEEPINTVL = new IntegerUnixChannelOption("TCP_KEEPINTVL", 6, 5);
    private static final ChannelOption<Integer> KEEPCNT = new IntegerUnixChannelOption("TCP_KEEPCNT", 6, 6);
    private static final ChannelOption<Integer> USER_TIMEOUT = new IntegerUnixChannelOption("TCP_USER_TIMEOUT", 6, 18);

    private StreamOptions() {}

    /**
     * Sets the options on a listening socket, from which accepted ones inherit them: they hold for what arrives before accept(2)
     * as well, and cost no system call a connection.
     */
    public static void listening(AbstractBootstrap<?, ?> bootstrap, TcpTimeouts timeouts) {
        connecting(bootstrap, timeouts);
        if (!timeouts.userTimeout().isZero()) {
            bootstrap.option(USER_TIMEOUT, millis(timeouts.userTimeout()));
        }
    }

    /** Sets the options on a socket that is going to connect, but for the user timeout: see {@link #connected}. */
    public static void connecting(AbstractBootstrap<?, ?> bootstrap, TcpTimeouts timeouts) {
        bootstrap.option(SO_OOBINLINE, 1);
        if (!timeouts.keepaliveTime().isZero()) {
            bootstrap
                    .option(SO_KEEPALIVE, 1)
                    .option(KEEPIDLE, seconds(timeouts.keepaliveTime()))
                    .option(KEEPINTVL, seconds(timeouts.keepaliveInterval()))
                    .option(KEEPCNT, timeouts.keepaliveProbes());
        }
    }

    /** Sets the user timeout on a connected socket. Set before, it would cut the connect timeout short. */
    public static void connected(Channel channel, TcpTimeouts timeouts) {
        if (!timeouts.userTimeout().isZero()) {
            userTimeout(channel, timeouts.userTimeout());
        }
    }

    /** Sets TCP_USER_TIMEOUT; zero is the kernel's own rule. */
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
