package dev.throughline.engine.epoll;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.ListeningSocket;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.NativeInetAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** A listening socket in an epoll set. It reports connections as long as there are some (level-triggered). */
final class EpollListener implements ListeningSocket, EpollIoHandle {
    private static final int LONGEST_ADDRESS_BYTES = 128;

    private final EventLoop loop;
    private final Socket socket;
    private final boolean tcp;
    private final SocketAddress address;
    private final int acceptedEachPass;
    private final AcceptListener listener;
    private final PipePool pipes;
    /** Length and address of the last peer: accept4(2) returns it, so that nothing has to ask for it. */
    private final byte[] peer = new byte[LONGEST_ADDRESS_BYTES];

    private @Nullable IoRegistration registration;
    private boolean paused;

    EpollListener(
            EventLoop loop,
            Socket socket,
            boolean tcp,
            SocketAddress address,
            int acceptedEachPass,
            AcceptListener listener,
            PipePool pipes) {
        this.loop = loop;
        this.socket = socket;
        this.tcp = tcp;
        this.address = address;
        this.acceptedEachPass = acceptedEachPass;
        this.listener = listener;
        this.pipes = pipes;
    }

    void start() throws IOException {
        var registered = ((IoEventLoop) loop).register(this).awaitUninterruptibly();
        if (!registered.isSuccess()) {
            throw new IOException(registered.cause());
        }
        registration = registered.getNow();
        registration.submit(EpollIoOps.EPOLLIN);
    }

    @Override
    public FileDescriptor fd() {
        return socket;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        for (int i = 0; i < acceptedEachPass && !paused && socket.isOpen(); i++) {
            try {
                int accepted = socket.accept(peer);
                if (accepted < 0) {
                    return;
                }
                InetSocketAddress remote = tcp ? NativeInetAddress.address(peer, 1, peer[0]) : null;
                EpollConnection connection = new EpollConnection(new Socket(accepted), tcp, remote, pipes);
                if (!tcp) {
                    prepare(connection);
                }
                listener.accepted(connection, this);
            } catch (IOException e) {
                if (socket.isOpen()) {
                    listener.failed(this, e);
                }
                return;
            }
        }
    }

    /** TCP's options are inherited. */
    private static void prepare(EpollConnection connection) throws IOException {
        try {
            SocketOptions.urgentBytesInline(connection.socket());
        } catch (IOException e) {
            connection.close();
            throw e;
        }
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
        return socket.isOpen();
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

    /** A paused socket waits for EPOLLET alone, which is never reported by itself (epoll_ctl(2)). */
    private void set(boolean pauses) {
        IoRegistration watched = registration;
        if (watched != null && paused != pauses && socket.isOpen()) {
            paused = pauses;
            watched.submit(pauses ? EpollIoOps.EPOLLET : EpollIoOps.EPOLLIN);
        }
    }

    @Override
    public boolean refuseOne() throws IOException {
        int accepted = socket.accept(new byte[LONGEST_ADDRESS_BYTES]);
        if (accepted < 0) {
            return false;
        }
        Socket connection = new Socket(accepted);
        try {
            SocketOptions.linger(connection, true);
        } finally {
            connection.close();
        }
        return true;
    }

    @Override
    public int option(int level, int name) throws IOException {
        return SocketOptions.get(socket, level, name);
    }

    @Override
    public void option(int level, int name, int value) throws IOException {
        SocketOptions.set(socket, level, name, value);
    }

    @Override
    public void backlog(int connections) throws IOException {
        socket.listen(connections);
    }

    /** Closes the socket on its loop, where no accept(2) can be using its descriptor. */
    @Override
    public void close() {
        if (loop.inEventLoop()) {
            closeNow();
            return;
        }
        try {
            loop.submit(this::closeNow).awaitUninterruptibly();
        } catch (RejectedExecutionException stopped) {
            closeNow();
        }
    }

    private void closeNow() {
        try {
            socket.close();
        } catch (IOException e) {
            // Linux frees the descriptor whatever close(2) returns.
        }
        IoRegistration watched = registration;
        if (watched != null) {
            watched.cancel();
        }
    }
}
