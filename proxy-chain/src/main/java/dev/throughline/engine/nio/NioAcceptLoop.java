package dev.throughline.engine.nio;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** One loop of a {@link NioListener}. Its selector reports connections as long as there are some; the first loop gets each. */
final class NioAcceptLoop implements AcceptLoop, NioIoHandle {
    private final EventLoop loop;
    private final ServerSocketChannel channel;
    private final NioListener.Settings settings;
    private final AcceptListener listener;
    private @Nullable IoRegistration registration;
    private boolean paused;

    NioAcceptLoop(EventLoop loop, ServerSocketChannel channel, NioListener.Settings settings, AcceptListener listener) {
        this.loop = loop;
        this.channel = channel;
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
    public EventLoop loop() {
        return loop;
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

    /** Waits until the selector has released the descriptor of the closed channel, unless this is its loop. */
    void release() {
        if (loop.inEventLoop()) {
            cancel();
            return;
        }
        try {
            loop.submit(this::cancelAndSelect).awaitUninterruptibly();
        } catch (RejectedExecutionException loopHasEnded) {
            return;
        }
    }

    /** A closed channel keeps its descriptor until its selector selects. As a task, this is not within a pass of it. */
    private void cancelAndSelect() {
        IoRegistration watched = registration;
        SelectionKey key = watched == null ? null : watched.attachment();
        cancel();
        if (key != null && key.selector().isOpen()) {
            try {
                key.selector().selectNow(reportedAgain -> {});
            } catch (IOException e) {
                // The descriptor is released in the next pass.
            }
        }
    }

    private void cancel() {
        IoRegistration watched = registration;
        if (watched != null) {
            watched.cancel();
        }
    }

    /** Is called when the loop ends. */
    @Override
    public void close() {
        cancel();
    }
}
