package dev.throughline.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.io.IOException;
import java.util.Optional;

/** What the kernel knows of a connection (TCP_INFO, tcp(7)). */
public final class TcpState {
    /** TCP_CLOSE (net/tcp_states.h): the connection ended, orderly or not. */
    private static final int CLOSE = 7;

    /** SOL_SOCKET, SO_ERROR: asking takes the error away. */
    private static final IntegerUnixChannelOption SO_ERROR = new IntegerUnixChannelOption("SO_ERROR", 1, 4);

    private TcpState() {}

    /** Returns what the kernel says of {@code channel}; empty if it is closed here, or isn't TCP. */
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

    /** Whether the connection ended: nothing more is sent, received or acknowledged. */
    public static boolean isClosed(Channel channel) {
        return of(channel).map(info -> info.state() == CLOSE).orElse(false);
    }

    /** Returns the error with which the connection ended and that no read or write has reported; empty if it ended well. */
    static Optional<IOException> error(Channel channel) {
        Integer error = channel.config().getOption(SO_ERROR);
        return error == null || error == 0
                ? Optional.empty()
                : Optional.of(new Errors.NativeIoException("recv(..)", -error));
    }

    /**
     * Whether the peer takes nothing more for the moment: it has acknowledged everything and closed its window, and the kernel probes it
     * (RFC 9293, section 3.8.6.1).
     */
    static boolean isWindowClosed(EpollTcpInfo info) {
        return info.unacked() == 0 && info.backoff() > 0;
    }
}
