package dev.throughline.engine.epoll;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import dev.throughline.header.Tuple;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.NativeInetAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One loop of an {@link EpollListener}. epoll reports connections as long as there are some (level-triggered), to a loop that waits
 * if there is one (EPOLLEXCLUSIVE, epoll_ctl(2)).
 */
final class EpollAcceptLoop extends EpollSocket implements AcceptLoop {
    private static final int LONGEST_ADDRESS_BYTES = 128;
    /** Size of an IPv4 address and its port in Netty's form (NativeInetAddress). */
    private static final int IPV4_BYTES = 8;

    private static final int EPOLLEXCLUSIVE = 1 << 28;
    private static final EpollIoOps ACCEPT = EpollIoOps.valueOf(EpollConnection.EPOLLIN | EPOLLEXCLUSIVE);

    private final EventLoop loop;
    private final EpollListener listener;
    private final Socket socket;
    private final AcceptListener receiver;
    /** Length and address of the last peer: accept4(2) returns it, so that nothing has to ask for it. */
    private final byte[] peer = new byte[LONGEST_ADDRESS_BYTES];

    private @Nullable IoRegistration registration;
    private boolean stopped;
    /** How many connections are accepted before epoll is asked again: more than one only if the last pass found all of them. */
    private int expected = 1;

    EpollAcceptLoop(EventLoop loop, EpollListener listener, AcceptListener receiver) {
        this.loop = loop;
        this.listener = listener;
        this.socket = listener.socket();
        this.receiver = receiver;
    }

    void start() throws IOException {
        var started = loop.submit(() -> {
            register();
            return true;
        });
        if (!started.awaitUninterruptibly().isSuccess()) {
            throw new IOException(started.cause());
        }
    }

    private void register() throws IOException {
        var registered = ((IoEventLoop) loop).register(this);
        if (!registered.isSuccess()) {
            throw new IOException(registered.cause());
        }
        registration = registered.getNow();
        registration.submit(ACCEPT);
    }

    @Override
    public FileDescriptor fd() {
        return socket;
    }

    @Override
    void handle(int ops) {
        int accepted = 0;
        while (accepted < expected && registration != null && socket.isOpen()) {
            try {
                if (!acceptOne()) {
                    expected = 1;
                    return;
                }
            } catch (IOException e) {
                if (socket.isOpen()) {
                    receiver.failed(this, e);
                }
                return;
            }
            accepted++;
        }
        expected = Math.min(2 * expected, listener.acceptedEachPass());
    }

    private boolean acceptOne() throws IOException {
        int accepted = socket.accept(peer);
        if (accepted < 0) {
            return false;
        }
        Optional<InetSocketAddress> remote = listener.isTcp() ? Optional.of(peerAddress()) : Optional.empty();
        receiver.accepted(listener.connection(new Socket(accepted), remote), this);
        return true;
    }

    private InetSocketAddress peerAddress() {
        if (peer[0] != IPV4_BYTES) {
            return NativeInetAddress.address(peer, 1, peer[0]);
        }
        // The port is in the last two of four bytes.
        int port = (peer[IPV4_BYTES - 1] & 0xFF) << 8 | (peer[IPV4_BYTES] & 0xFF);
        return new InetSocketAddress(Tuple.address(Arrays.copyOfRange(peer, 1, 5)), port);
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public void pause() {
        onLoop(this::unregister);
    }

    @Override
    public void resume() {
        onLoop(this::registerAgain);
    }

    private void onLoop(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    /** Removes the socket from the epoll set: events of an exclusive one can't be changed. */
    private void unregister() {
        IoRegistration watched = registration;
        registration = null;
        if (watched != null) {
            watched.cancel();
        }
    }

    private void registerAgain() {
        if (registration == null && !stopped && socket.isOpen()) {
            try {
                register();
            } catch (IOException e) {
                receiver.failed(this, e);
            }
        }
    }

    /** Stops accepting for good. */
    void stop() {
        if (loop.inEventLoop()) {
            stopNow();
            return;
        }
        try {
            loop.submit(this::stopNow).awaitUninterruptibly();
        } catch (RejectedExecutionException loopHasEnded) {
            return;
        }
    }

    private void stopNow() {
        stopped = true;
        unregister();
    }

    /** Is called when the loop ends. */
    @Override
    public void close() {
        stopNow();
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
}
