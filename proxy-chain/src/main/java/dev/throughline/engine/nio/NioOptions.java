package dev.throughline.engine.nio;

import dev.throughline.engine.TcpTimeouts;
import java.io.IOException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import jdk.net.ExtendedSocketOptions;

/**
 * Options of a relayed TCP connection. SO_LINGER with a time of zero makes close(2) a reset, so that a cut stream doesn't look
 * complete to the peer.
 */
final class NioOptions {
    private static final int RESET = 0;
    private static final int IN_ORDER = -1;

    private NioOptions() {}

    /** Sets what every relayed TCP connection needs before its first byte. An urgent byte stays in the stream (SO_OOBINLINE). */
    static void relayed(SocketChannel channel) throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.socket().setOOBInline(true);
        linger(channel, true);
    }

    /** Makes close(2) reset the connection, or end it in order. */
    static void linger(SocketChannel channel, boolean reset) throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, reset ? RESET : IN_ORDER);
    }

    /** Sets keepalive, without the options that this system lacks. */
    static void keepAlive(SocketChannel channel, TcpTimeouts timeouts) throws IOException {
        if (timeouts.keepaliveTime().isZero()) {
            return;
        }
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        set(channel, ExtendedSocketOptions.TCP_KEEPIDLE, seconds(timeouts.keepaliveTime()));
        set(channel, ExtendedSocketOptions.TCP_KEEPINTERVAL, seconds(timeouts.keepaliveInterval()));
        set(channel, ExtendedSocketOptions.TCP_KEEPCOUNT, timeouts.keepaliveProbes());
    }

    private static void set(SocketChannel channel, SocketOption<Integer> option, int value) throws IOException {
        if (channel.supportedOptions().contains(option)) {
            channel.setOption(option, value);
        }
    }

    private static int seconds(Duration duration) {
        return Math.toIntExact(duration.toSeconds());
    }
}
