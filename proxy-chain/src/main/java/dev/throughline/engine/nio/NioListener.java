package dev.throughline.engine.nio;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.TcpTimeouts;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** A listening channel in a selector. It reports connections as long as there are some. */
final class NioListener implements ListeningSocket, NioIoHandle {
    /**
     * What distinguishes listeners.
     *
     * @param timeouts of accepted TCP connections
     */
    record Settings(boolean tcp, TcpTimeouts timeouts, int backlog, int acceptedEachPass) {
        static Settings unix(int backlog, int acceptedEachPass) {
            return new Settings(
                    false, new TcpTimeouts(Duration.ZERO, Duration.ZERO, 0, Duration.ZERO), backlog, acceptedEachPass);
        }
    }

    private final EventLoop loop;
    private final ServerSocketChannel channel;
    private final SocketAddress address;
    private final Settings settings;
    private final AcceptListener listener;
    private @Nullable IoRegistration registration;
    private boolean paused;

    NioListener(EventLoop loop, ServerSocketChannel channel, Settings settings, AcceptListener listener)
            throws IOException {
        this.loop = loop;
        this.channel = channel;
        this.address = channel.getLocalAddress();
        this.settings = settings;
        this.listener = listener;
    }

    void start() throws IOException {
        var registered = ((IoEventLoop) loop).register(this).awaitUninterruptibly();
        if (!registered.isSuccess()) {
            throw new IOException(registered.cause());
        }
        registration = registered.getNow();
        registration.submit(NioIoOps.ACCEPT);
        // A selector that waits already doesn't notice other interests.
        loop.execute(() -> {});
    }

    @Override
    public SelectableChannel selectableChannel() {
        return channel;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        for (int i = 0; i < settings.acceptedEachPass() && !paused && channel.isOpen(); i++) {
            try {
                SocketChannel accepted = channel.accept();
                if (accepted == null) {
                    return;
                }
                accepted(accepted);
            } catch (IOException e) {
                if (channel.isOpen()) {
                    listener.failed(this, SystemErrors.numbered(e));
                }
                return;
            }
        }
    }

    private void accepted(SocketChannel accepted) throws IOException {
        try {
            accepted.configureBlocking(false);
            if (settings.tcp()) {
                NioOptions.relayed(accepted);
                NioOptions.keepAlive(accepted, settings.timeouts());
            }
        } catch (IOException e) {
            // Some systems have no options of a connection that was reset before.
            accepted.close();
            return;
        }
        listener.accepted(new NioConnection(accepted, settings.tcp()), this);
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void pause() {
        onLoop(true);
    }

    @Override
    public void resume() {
        onLoop(false);
    }

    private void onLoop(boolean pauses) {
        if (loop.inEventLoop()) {
            set(pauses);
        } else {
            loop.execute(() -> set(pauses));
        }
    }

    private void set(boolean pauses) {
        IoRegistration watched = registration;
        if (watched != null && paused != pauses && channel.isOpen()) {
            paused = pauses;
            watched.submit(pauses ? NioIoOps.NONE : NioIoOps.ACCEPT);
        }
    }

    @Override
    public boolean refuseOne() throws IOException {
        try (SocketChannel accepted = channel.accept()) {
            if (accepted == null) {
                return false;
            }
            if (settings.tcp()) {
                NioOptions.linger(accepted, true);
            }
            return true;
        } catch (IOException e) {
            throw SystemErrors.numbered(e);
        }
    }

    @Override
    public int option(int level, int name) throws IOException {
        throw NioEngine.unsupported("socket options by number");
    }

    @Override
    public void option(int level, int name, int value) throws IOException {
        throw NioEngine.unsupported("socket options by number");
    }

    @Override
    public void backlog(int connections) {
        // Java calls listen(2) once.
    }

    /** Closes the socket on its loop, and waits until the selector has released its descriptor. */
    @Override
    public void close() {
        if (loop.inEventLoop()) {
            closeNow();
            return;
        }
        try {
            loop.submit(this::closeAndRelease).awaitUninterruptibly();
        } catch (RejectedExecutionException stopped) {
            closeNow();
        }
    }

    /** A closed channel keeps its descriptor until its selector selects. As a task, this is not within a pass of it. */
    private void closeAndRelease() {
        IoRegistration watched = registration;
        SelectionKey key = watched == null ? null : watched.attachment();
        closeNow();
        if (key != null && key.selector().isOpen()) {
            try {
                key.selector().selectNow(reportedAgain -> {});
            } catch (IOException e) {
                // The descriptor is released in the next pass.
            }
        }
    }

    private void closeNow() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
        IoRegistration watched = registration;
        if (watched != null) {
            watched.cancel();
        }
    }
}
