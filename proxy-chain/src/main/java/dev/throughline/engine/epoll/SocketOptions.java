package dev.throughline.engine.epoll;

import dev.throughline.engine.MarkException;
import dev.throughline.engine.TcpTimeouts;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Socket options (socket(7), tcp(7); numbers of asm-generic/socket.h and linux/tcp.h).
 *
 * <p>With SO_LINGER on and a time of zero, the kernel resets a connection that is closed before its end was acknowledged, also when
 * the process is killed. So a cut stream doesn't look complete to the peer, as it would with a FIN.
 */
final class SocketOptions {
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_KEEPALIVE = 9;
    /** Keeps an urgent byte (MSG_OOB) in the stream instead of dropping it. It is relayed as an ordinary byte, without the mark. */
    private static final int SO_OOBINLINE = 10;

    private static final int SO_REUSEPORT = 15;
    private static final int SO_MARK = 36;
    private static final int IPPROTO_IP = 0;
    private static final int IP_TRANSPARENT = 19;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int TCP_KEEPIDLE = 4;
    private static final int TCP_KEEPINTVL = 5;
    private static final int TCP_KEEPCNT = 6;
    private static final int TCP_USER_TIMEOUT = 18;

    private SocketOptions() {}

    /** Returns the failure of a call that the system refused: Netty's native code throws its own unchecked exception. */
    private static IOException refused(ChannelException e) {
        return new IOException(e.getMessage(), e);
    }

    static int get(Socket socket, int level, int name) throws IOException {
        try {
            return socket.getIntOpt(level, name);
        } catch (ChannelException e) {
            throw refused(e);
        }
    }

    static void get(Socket socket, int level, int name, ByteBuffer value) throws IOException {
        try {
            socket.getRawOpt(level, name, value);
        } catch (ChannelException e) {
            throw refused(e);
        }
    }

    static void set(Socket socket, int level, int name, int value) throws IOException {
        try {
            socket.setIntOpt(level, name, value);
        } catch (ChannelException e) {
            throw refused(e);
        }
    }

    /** Lets small writes leave at once, while earlier ones aren't acknowledged yet. */
    static void noDelay(Socket socket) throws IOException {
        set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    }

    /** Sets what every relayed TCP connection needs before its first byte. */
    static void relayed(Socket socket) throws IOException {
        set(socket, SOL_SOCKET, SO_OOBINLINE, 1);
        linger(socket, true);
    }

    /** Lets a listening socket use an address whose last connections have ended, and share it with others. */
    static void reuse(Socket socket, boolean port) throws IOException {
        set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
        if (port) {
            set(socket, SOL_SOCKET, SO_REUSEPORT, 1);
        }
    }

    static void urgentBytesInline(Socket socket) throws IOException {
        set(socket, SOL_SOCKET, SO_OOBINLINE, 1);
    }

    /** Makes close(2) reset the connection, or end it in order. */
    static void linger(Socket socket, boolean reset) throws IOException {
        try {
            // A time of zero seconds, or off.
            socket.setSoLinger(reset ? 0 : -1);
        } catch (ChannelException e) {
            throw refused(e);
        }
    }

    static void mark(Socket socket, int mark) throws MarkException {
        try {
            set(socket, SOL_SOCKET, SO_MARK, mark);
        } catch (IOException e) {
            throw new MarkException(e);
        }
    }

    static void transparent(Socket socket) throws IOException {
        set(socket, IPPROTO_IP, IP_TRANSPARENT, 1);
    }

    static void keepAlive(Socket socket, TcpTimeouts timeouts) throws IOException {
        if (!timeouts.keepaliveTime().isZero()) {
            set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
            set(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds(timeouts.keepaliveTime()));
            set(socket, IPPROTO_TCP, TCP_KEEPINTVL, seconds(timeouts.keepaliveInterval()));
            set(socket, IPPROTO_TCP, TCP_KEEPCNT, timeouts.keepaliveProbes());
        }
        if (!timeouts.userTimeout().isZero()) {
            userTimeout(socket, timeouts.userTimeout());
        }
    }

    static void userTimeout(Socket socket, Duration timeout) throws IOException {
        set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, Math.toIntExact(timeout.toMillis()));
    }

    private static int seconds(Duration duration) {
        return Math.toIntExact(duration.toSeconds());
    }
}
