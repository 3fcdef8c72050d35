package dev.throughline.engine.epoll;

import dev.throughline.engine.ConnectListener;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A TCP connection that this side opens. */
final class ConnectingSocket extends EpollConnection {
    private final InetSocketAddress destination;
    private @Nullable ConnectListener listener;
    private @Nullable Future<?> timer;

    ConnectingSocket(Socket socket, InetSocketAddress destination, ConnectListener listener, PipePool pipes) {
        super(socket, true, null, null, pipes);
        this.destination = destination;
        this.listener = listener;
        nothingReceived();
    }

    /** Starts to connect. The result comes as an event, also when there is one at once. */
    void start(EventLoop loop, Duration timeout) throws IOException {
        boolean connected = socket().connect(destination);
        register(loop);
        if (connected) {
            loop.execute(() -> result(0));
        } else {
            timer = loop.schedule(new Deadline(timeout), timeout.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /** Ends the attempt when it takes too long. */
    private final class Deadline implements Runnable {
        private final Duration timeout;

        Deadline(Duration timeout) {
            this.timeout = timeout;
        }

        @Override
        public void run() {
            failed(new ConnectTimeoutException("connection timed out after " + timeout.toMillis() + " ms"));
        }
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        if (listener == null) {
            super.handle(from, event);
        } else {
            result(((EpollIoEvent) event).ops().value());
            // The first event may hold more than the result.
            if (listener == null && isOpen()) {
                super.handle(from, event);
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
        stopTimer();
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

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    @Override
    public void close() {
        stopTimer();
        listener = null;
        super.close();
    }
}
