package dev.throughline.engine.nio;

import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.PeerProcess;
import dev.throughline.engine.TcpState;
import dev.throughline.engine.TcpTimeouts;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A channel in a selector, from its registration to its close. A selector repeats what it reports as long as it is so. So a
 * connection waits for an event only after a read or write has found nothing to read or no space, and no longer when it came.
 */
class NioConnection implements Connection, AcceptedSocket, NioIoHandle {
    /** Bytes that a connection reads while its receiver doesn't, to find out whether the peer has reset it. */
    private static final int MOST_AHEAD = 4096;

    private static final byte[] NOTHING = {};

    private final SocketChannel channel;
    private final boolean tcp;
    private @Nullable EventLoop loop;
    private @Nullable IoRegistration registration;
    private int awaited;
    private volatile @Nullable InetSocketAddress local;
    private volatile @Nullable InetSocketAddress remote;
    private ConnectionEvents receiver = ConnectionEvents.IGNORED;
    /** Bytes that were put back or read ahead. */
    private byte[] first = NOTHING;

    private @Nullable IOException failure;
    /** Whether the receiver has read since the last event. */
    private boolean read;
    /** Whether the channel has returned the end, perhaps not to the receiver. */
    private boolean endFound;

    private boolean inputEnded;
    private boolean outputShutdown;
    private Runnable closed = () -> {};

    NioConnection(SocketChannel channel, boolean tcp) {
        this.channel = channel;
        this.tcp = tcp;
    }

    @Override
    public EventLoop loop() {
        EventLoop mine = loop;
        if (mine == null) {
            throw new IllegalStateException("not registered with an event loop");
        }
        return mine;
    }

    @Override
    public void open(EventLoop on, Consumer<Connection> opened, Consumer<Exception> failed) {
        if (on.inEventLoop()) {
            openHere(on, opened, failed);
            return;
        }
        try {
            on.execute(() -> openHere(on, opened, failed));
        } catch (RejectedExecutionException stopped) {
            close();
            failed.accept(stopped);
        }
    }

    private void openHere(EventLoop on, Consumer<Connection> opened, Consumer<Exception> failed) {
        try {
            register(on);
        } catch (IOException | RuntimeException e) {
            close();
            failed.accept(e);
            return;
        }
        opened.accept(this);
    }

    /** Adds the channel to the selector of {@code on}. Must be called on it. */
    void register(EventLoop on) throws IOException {
        register(on, NioIoOps.READ);
    }

    void register(EventLoop on, NioIoOps first) throws IOException {
        loop = on;
        var registered = ((IoEventLoop) on).register(this);
        if (!registered.isSuccess()) {
            throw new IOException(registered.cause());
        }
        registration = registered.getNow();
        await(first.value());
    }

    /** Waits for a first event of a connection that is open now. */
    void awaitFirstEvent() {
        await(NioIoOps.READ.value());
    }

    private void await(int events) {
        IoRegistration watched = registration;
        if (watched != null && events != awaited) {
            awaited = events;
            watched.submit(NioIoOps.valueOf(events));
        }
    }

    @Override
    public boolean isTcp() {
        return tcp;
    }

    @Override
    public Optional<InetSocketAddress> localAddress() {
        if (local == null && tcp) {
            local = address(channel::getLocalAddress);
        }
        return Optional.ofNullable(local);
    }

    @Override
    public Optional<InetSocketAddress> remoteAddress() {
        if (remote == null && tcp) {
            remote = address(channel::getRemoteAddress);
        }
        return Optional.ofNullable(remote);
    }

    private interface AddressOf {
        @Nullable
        SocketAddress get() throws IOException;
    }

    private static @Nullable InetSocketAddress address(AddressOf channel) {
        try {
            return channel.get() instanceof InetSocketAddress known ? known : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Waits for an event, so that a receiver that doesn't read is notified of a reset. */
    @Override
    public void events(ConnectionEvents events) {
        receiver = events;
        if (!endFound && failure == null && first.length < MOST_AHEAD) {
            await(awaited | NioIoOps.READ.value());
        }
    }

    @Override
    public SelectableChannel selectableChannel() {
        return channel;
    }

    SocketChannel channel() {
        return channel;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        if (!channel.isOpen()) {
            return;
        }
        NioIoOps ready = ((NioIoEvent) event).ops();
        await(awaited & ~ready.value());
        if (ready.contains(NioIoOps.READ)) {
            read = false;
            receiver.readable();
            if (!read && channel.isOpen() && failure == null) {
                readAhead();
            }
        }
        if (ready.contains(NioIoOps.WRITE) && channel.isOpen() && failure == null) {
            receiver.writable();
        }
    }

    private void readAhead() {
        if (endFound || first.length >= MOST_AHEAD) {
            return;
        }
        ByteBuffer buffer = LoopBuffer.empty().limit(MOST_AHEAD - first.length);
        try {
            if (receive(buffer) > 0) {
                buffer.flip();
                int before = first.length;
                first = Arrays.copyOf(first, before + buffer.remaining());
                buffer.get(first, before, buffer.remaining());
                if (first.length < MOST_AHEAD) {
                    await(awaited | NioIoOps.READ.value());
                }
            }
        } catch (IOException e) {
            receiver.lost(e);
        }
    }

    /** Reads from the channel, and waits for more if there is nothing. */
    private int receive(ByteBuffer into) throws IOException {
        int got;
        try {
            got = channel.read(into);
        } catch (IOException e) {
            failure = SystemErrors.numbered(e);
            throw failure;
        }
        if (got == 0) {
            await(awaited | NioIoOps.READ.value());
        }
        endFound |= got < 0;
        return got;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        read = true;
        int taken = takeFirst(into);
        if (failure != null && taken == 0) {
            throw failure;
        }
        if (failure != null || !into.hasRemaining()) {
            return taken;
        }
        if (endFound) {
            inputEnded |= taken == 0;
            return taken == 0 ? -1 : taken;
        }
        if (taken == 0) {
            int got = receive(into);
            inputEnded |= got < 0;
            return got;
        }
        try {
            return taken + Math.max(0, receive(into));
        } catch (IOException e) {
            // The next read throws it.
            return taken;
        }
    }

    private int takeFirst(ByteBuffer into) {
        int taken = Math.min(first.length, into.remaining());
        if (taken > 0) {
            into.put(first, 0, taken);
            first = taken == first.length ? NOTHING : Arrays.copyOfRange(first, taken, first.length);
        }
        return taken;
    }

    @Override
    public void unread(byte[] bytes) {
        if (bytes.length > 0) {
            byte[] all = Arrays.copyOf(bytes, bytes.length + first.length);
            System.arraycopy(first, 0, all, bytes.length, first.length);
            first = all;
        }
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        if (failure != null) {
            throw failure;
        }
        int wanted = from.remaining();
        if (wanted == 0) {
            return;
        }
        int sent;
        try {
            sent = channel.write(from);
        } catch (IOException e) {
            IOException numbered = SystemErrors.numbered(e);
            if (tcp) {
                failure = numbered;
            }
            throw numbered;
        }
        if (sent < wanted) {
            await(awaited | NioIoOps.WRITE.value());
        }
    }

    @Override
    public void shutdownOutput() {
        if (outputShutdown || !channel.isOpen()) {
            return;
        }
        outputShutdown = true;
        try {
            channel.shutdownOutput();
        } catch (IOException | NotYetConnectedException e) {
            // The connection is lost, which the next read finds.
            return;
        }
    }

    @Override
    public boolean isOutputShutdown() {
        return outputShutdown;
    }

    @Override
    public boolean isInputEnded() {
        return inputEnded;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public boolean hasEnded() {
        return false;
    }

    @Override
    public boolean reportsFinish() {
        return false;
    }

    @Override
    public Optional<TcpState> tcpState() {
        return Optional.empty();
    }

    @Override
    public void userTimeout(Duration timeout) {
        // Java has no such option.
    }

    @Override
    public void keepAlive(TcpTimeouts timeouts) {
        if (!tcp || !channel.isOpen()) {
            return;
        }
        try {
            NioOptions.keepAlive(channel, timeouts);
        } catch (IOException e) {
            // The connection is lost, which the next read finds.
            return;
        }
    }

    @Override
    public int option(int level, int name) throws IOException {
        throw NioEngine.unsupported("socket options by number");
    }

    @Override
    public void option(int level, int name, ByteBuffer value) throws IOException {
        throw NioEngine.unsupported("socket options by number");
    }

    @Override
    public PeerProcess peerProcess() throws IOException {
        throw NioEngine.unsupported("way to ask for the process at the other end of a Unix socket");
    }

    @Override
    public void whenClosed(Runnable task) {
        closed = task;
    }

    /** Resets the connection, unless both directions have ended: then the kernel still delivers the rest. */
    @Override
    public void close() {
        close(inputEnded && outputShutdown && failure == null);
    }

    @Override
    public void closeInOrder() {
        close(true);
    }

    private void close(boolean inOrder) {
        Runnable task = closed;
        closed = () -> {};
        receiver = ConnectionEvents.IGNORED;
        first = NOTHING;
        try {
            if (inOrder && tcp && channel.isOpen()) {
                NioOptions.linger(channel, false);
            }
        } catch (IOException e) {
            // It is closed all the same.
        }
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
        IoRegistration watched = registration;
        registration = null;
        if (watched != null) {
            watched.cancel();
        }
        task.run();
    }

    @Override
    public String toString() {
        return (tcp ? "TCP " : "Unix ") + localAddress().orElse(null) + " to "
                + remoteAddress().orElse(null);
    }
}
