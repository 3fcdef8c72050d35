package dev.throughline.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.io.IOException;
import java.util.Optional;

/** The kernel's state of a connection (TCP_INFO, tcp(7)). */
public final class TcpState {
    /** TCP_CLOSE (net/tcp_states.h): the connection has ended, normally or not. */
    private static final int CLOSE = 7;

    /** SOL_SOCKET, SO_ERROR: reading it clears the error. */
    private static final IntegerUnixChannelOption SO_ERROR = new IntegerUnixChannelOption("SO_ERROR", 1, 4);

    private TcpState() {}

    /** Returns the kernel's state of {@code channel}; empty if it is closed here, or isn't TCP. */
    static Optional<EpollTcpInfo> of(Channel channel) {
        if (!(channel instanceof EpollSocketChannel tcp) || !tcp.isOpen()) {
            return Optional.empty();
        }
        try {
            return Optional.of(tcp.tcpInfo());
        } catch (ChannelException e) {
            return Optional.empty();
        }
    }

    /** Returns whether the connection has ended: nothing more is sent, received or acknowledged. */
    public static boolean isClosed(Channel channel) {
        return of(channel).map(info -> info.state() == CLOSE).orElse(false);
    }

    /** Returns the error that ended the connection and that no read or write has reported; empty if it ended normally. */
    static Optional<IOException> error(Channel channel) {
        Integer error = channel.config().getOption(SO_ERROR);
        return error == null || error == 0
                ? Optional.empty()
                : Optional.of(new Errors.NativeIoException("recv(..)", -error));
    }

    /**
     * Returns whether the peer accepts no data at the moment: it has acknowledged everything and closed its window, and the
     * kernel probes it (RFC 9293, section 3.8.6.1).
     */
    static boolean isWindowClosed(EpollTcpInfo info) {
        return info.unacked() == 0 && info.backoff() > 0;
    }
}
