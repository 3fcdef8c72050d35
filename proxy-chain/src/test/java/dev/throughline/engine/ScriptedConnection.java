package dev.throughline.engine;

import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Errors;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A TCP connection without a socket, whose bytes, end and failure come from a test, as does the time of its event loop. */
public final class ScriptedConnection implements Connection {
    private static final int ENOPROTOOPT = 92;

    static {
        // Errors needs the native library.
        Epoll.ensureAvailability();
    }

    private final EmbeddedChannel time = new EmbeddedChannel();
    private final Deque<ByteBuffer> received = new ArrayDeque<>();
    private ConnectionEvents receiver = ConnectionEvents.IGNORED;
    private @Nullable IOException failure;
    private boolean peerEnded;
    private boolean inputEnded;
    private boolean outputShutdown;
    private boolean open = true;
    private Runnable closed = () -> {};

    /** Stops the clock of the event loop: it runs only by {@link #advance}. */
    public void freezeTime() {
        time.freezeTime();
    }

    /** Lets time pass, and runs what is due on the event loop. */
    public void advance(Duration by) {
        time.advanceTimeBy(by.toNanos(), TimeUnit.NANOSECONDS);
        runTasks();
    }

    /** Runs what waits on the event loop. */
    public void runTasks() {
        time.runPendingTasks();
        time.runScheduledPendingTasks();
    }

    /** Lets bytes arrive in one piece, which one read returns. */
    public void arrive(byte[] bytes) {
        received.add(ByteBuffer.wrap(bytes.clone()));
        receiver.readable();
    }

    /** Lets the peer end its output. */
    public void end() {
        peerEnded = true;
        receiver.readable();
    }

    /** Lets the connection be lost. */
    public void lose(IOException how) {
        failure = how;
        receiver.lost(how);
    }

    @Override
    public EventLoop loop() {
        return time.eventLoop();
    }

    @Override
    public boolean isTcp() {
        return true;
    }

    @Override
    public Optional<InetSocketAddress> localAddress() {
        return Optional.empty();
    }

    @Override
    public Optional<InetSocketAddress> remoteAddress() {
        return Optional.empty();
    }

    @Override
    public void events(ConnectionEvents events) {
        receiver = events;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        ByteBuffer next = received.peek();
        if (next != null) {
            int taken = Math.min(next.remaining(), into.remaining());
            into.put(into.position(), next, next.position(), taken);
            into.position(into.position() + taken);
            next.position(next.position() + taken);
            if (!next.hasRemaining()) {
                received.remove();
            }
            return taken;
        }
        if (failure != null) {
            throw failure;
        }
        if (!open) {
            throw new java.nio.channels.ClosedChannelException();
        }
        inputEnded |= peerEnded;
        return inputEnded ? -1 : 0;
    }

    @Override
    public void unread(byte[] bytes) {
        if (bytes.length > 0) {
            received.addFirst(ByteBuffer.wrap(bytes.clone()));
        }
    }

    /** Returns the bytes that a reader would get now. */
    public byte[] unread() throws IOException {
        byte[] all = {};
        ByteBuffer into = LoopBuffer.empty();
        while (read(into) > 0) {
            int before = all.length;
            all = Arrays.copyOf(all, before + into.position());
            into.flip().get(all, before, all.length - before);
            into.clear();
        }
        return all;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        if (failure != null) {
            throw failure;
        }
        from.position(from.limit());
    }

    @Override
    public void shutdownOutput() {
        outputShutdown = true;
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
        return open;
    }

    @Override
    public Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public boolean hasEnded() {
        return failure != null || !open;
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
    public void userTimeout(Duration timeout) {}

    @Override
    public void keepAlive(TcpTimeouts timeouts) {}

    /** Fails as a kernel that lacks the option. */
    @Override
    public int option(int level, int name) throws IOException {
        throw Errors.newIOException("getsockopt(..)", -ENOPROTOOPT);
    }

    @Override
    public void option(int level, int name, ByteBuffer value) throws IOException {
        throw Errors.newIOException("getsockopt(..)", -ENOPROTOOPT);
    }

    @Override
    public PeerProcess peerProcess() throws IOException {
        throw new IOException("it has no socket");
    }

    @Override
    public void whenClosed(Runnable task) {
        closed = task;
    }

    @Override
    public void close() {
        open = false;
        receiver = ConnectionEvents.IGNORED;
        received.clear();
        Runnable task = closed;
        closed = () -> {};
        task.run();
    }

    @Override
    public void closeInOrder() {
        close();
    }
}
