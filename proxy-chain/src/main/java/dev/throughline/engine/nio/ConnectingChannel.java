package dev.throughline.engine.nio;

import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.TimeoutList;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoOps;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A TCP connection that this side opens. */
final class ConnectingChannel extends NioConnection {
    private @Nullable ConnectListener listener;
    private @Nullable Deadline deadline;

    ConnectingChannel(SocketChannel channel, ConnectListener listener) {
        super(channel, true);
        this.listener = listener;
    }

    /** Starts to connect. The result comes as an event, also when there is one at once. */
    void start(EventLoop loop, InetSocketAddress destination, Duration timeout) throws IOException {
        boolean connected = channel().connect(destination);
        register(loop, connected ? NioIoOps.NONE : NioIoOps.CONNECT);
        if (connected) {
            loop.execute(this::connected);
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
    public void handle(IoRegistration from, IoEvent event) {
        if (listener == null) {
            super.handle(from, event);
            return;
        }
        try {
            if (!isOpen() || !channel().finishConnect()) {
                return;
            }
        } catch (IOException e) {
            failed(SystemErrors.numbered(e));
            return;
        }
        connected();
    }

    private void connected() {
        ConnectListener waiting = listener;
        if (!isOpen() || waiting == null) {
            return;
        }
        stopDeadline();
        listener = null;
        awaitFirstEvent();
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
