package dev.throughline.relay;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The state of a Unix stream socket, as the kernel has it (unix(7)). */
final class UnixState {
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private UnixState() {}

    /** Returns whether {@code channel} is a Unix socket. */
    static boolean isUnix(Channel channel) {
        return channel instanceof EpollDomainSocketChannel;
    }

    /**
     * Returns whether the other end is closed, and not only its output. Sending nothing then fails with EPIPE. The result has no
     * meaning after this side's output was shut down, which fails in the same way.
     */
    static boolean isPeerClosed(Channel channel) {
        if (!(channel instanceof EpollDomainSocketChannel unix) || !(unix.fd() instanceof Socket socket)) {
            return false;
        }
        try {
            socket.send(NOTHING, 0, 0);
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
