package dev.throughline.engine.epoll;

import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.TimeoutList;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A TCP connection that this side opens. */
final class ConnectingSocket extends EpollConnection {
    private final InetSocketAddress destination;
    private @Nullable ConnectListener listener;
    private @Nullable Deadline deadline;

    ConnectingSocket(Socket socket, InetSocketAddress destination, ConnectListener listener, PipePool pipes) {
        super(socket, true, null, null, pipes);
        this.destination = destination;
        this.listener = listener;
        nothingReceived();
        mayDelay();
    }

    /** Starts to connect. The result comes as an event, also when there is one at once. */
    void start(EventLoop loop, Duration timeout) throws IOException {
        boolean connected = socket().connect(destination);
        register(loop);
        if (connected) {
            loop.execute(() -> result(0));
        } else {
            deadline = new Deadline(timeout);
            TimeoutList.start(loop, timeout.toNanos(), deadline);
        }
    }

    /** Ends the attempt when it takes too long. */
    private final class Deadline extends TimeoutList.Timeout {
        private final Duration timeout;

        Deadline(Duration timeout) {
            this.timeout = timeout;
        }

        @Override
        protected void expired() {
            failed(new ConnectTimeoutException("connection timed out after " + timeout.toMillis() + " ms"));
        }
    }

    @Override
    void handle(int ops) {
        if (listener == null) {
            super.handle(ops);
        } else {
            result(ops);
            // The first event may hold more than the result.
            if (listener == null && isOpen()) {
                super.handle(ops);
            }
        }
    }

    private void result(int ops) {
        if (!isOpen() || listener == null) {
            return;
        }
        try {
            if ((ops & (EPOLLERR | EPOLLHUP)) != 0) {
                if (!socket().finishConnect()) {
                    return;
                }
            } else if ((ops & EPOLLOUT) == 0 && ops != 0) {
                return;
            }
        } catch (IOException e) {
            failed(e);
            return;
        }
        stopDeadline();
        remoteAddress(destination);
        ConnectListener waiting = listener;
        listener = null;
        waiting.connected(this);
    }

    private void failed(Exception cause) {
        ConnectListener waiting = listener;
        close();
        if (waiting != null) {
            waiting.failed(cause);
        }
    }

    private void stopDeadline() {
        if (deadline != null) {
            deadline.cancel();
            deadline = null;
        }
    }

    @Override
    public void close() {
        stopDeadline();
        listener = null;
        super.close();
    }
}
