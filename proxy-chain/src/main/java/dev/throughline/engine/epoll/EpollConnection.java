package dev.throughline.engine.epoll;

import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.PeerClosedException;
import dev.throughline.engine.PeerProcess;
import dev.throughline.engine.Pipe;
import dev.throughline.engine.TcpState;
import dev.throughline.engine.TcpTimeouts;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.NotYetConnectedException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A socket in an epoll set, from its registration to close(2). epoll reports each change of its state once (EPOLLET). */
class EpollConnection extends EpollSocket implements Connection, AcceptedSocket {
    /** sys/epoll.h */
    static final int EPOLLIN = 0x1;

    private static final int EPOLLPRI = 0x2;
    static final int EPOLLOUT = 0x4;
    static final int EPOLLERR = 0x8;
    static final int EPOLLHUP = 0x10;
    private static final int EPOLLRDHUP = 0x2000;
    private static final int EPOLLET = 1 << 31;
    private static final EpollIoOps ALL = EpollIoOps.valueOf(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);

    private static final int SOL_SOCKET = 1;
    private static final int SO_ERROR = 4;
    private static final int SO_PEERCRED = 17;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_INFO = 11;
    /** TCP_CLOSE (net/tcp_states.h). */
    private static final int TCP_CLOSE = 7;

    private static final int TCP_INFO_BYTES = 60;
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final Socket socket;
    private final boolean tcp;
    private final PipePool pipes;
    private @Nullable EventLoop loop;
    private @Nullable IoRegistration registration;
    private volatile @Nullable InetSocketAddress local;
    private volatile @Nullable InetSocketAddress remote;
    private ConnectionEvents receiver = ConnectionEvents.IGNORED;
    private byte @Nullable [] unread;
    private @Nullable IOException failure;
    /** Whether the last read emptied the kernel's buffer, so that another read would find nothing before the next event. */
    private boolean empty;
    /** Whether a short read doesn't mean an empty buffer: the peer has ended, or sent an urgent byte, where reads stop (tcp(7)). */
    private boolean readsToEnd;

    /** Whether TCP_NODELAY is set, or isn't needed. Accepted sockets have it from their listener. */
    private boolean noDelay = true;

    private boolean hasWritten;

    private boolean inputEnded;
    private boolean outputShutdown;
    private boolean finished;
    private Runnable closed = () -> {};

    EpollConnection(
            Socket socket,
            boolean tcp,
            @Nullable InetSocketAddress local,
            @Nullable InetSocketAddress remote,
            PipePool pipes) {
        this.pipes = pipes;
        this.socket = socket;
        this.tcp = tcp;
        this.local = local;
        this.remote = remote;
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

    /** Notes that TCP_NODELAY isn't set. */
    final void mayDelay() {
        noDelay = false;
    }

    /** Notes that nothing can have been received before the first event. */
    final void nothingReceived() {
        empty = true;
    }

    /** Adds the socket to the epoll set of {@code on}, for all events. Must be called on it. */
    void register(EventLoop on) throws IOException {
        loop = on;
        var registered = ((IoEventLoop) on).register(this);
        if (!registered.isSuccess()) {
            throw new IOException(registered.cause());
        }
        registration = registered.getNow();
        registration.submit(ALL);
    }

    @Override
    public boolean isTcp() {
        return tcp;
    }

    @Override
    public Optional<InetSocketAddress> localAddress() {
        if (local == null && tcp && socket.isOpen()) {
            local = socket.localAddress();
        }
        return Optional.ofNullable(local);
    }

    @Override
    public Optional<InetSocketAddress> remoteAddress() {
        return Optional.ofNullable(remote);
    }

    void remoteAddress(InetSocketAddress address) {
        remote = address;
    }

    @Override
    public void events(ConnectionEvents events) {
        receiver = events;
    }

    @Override
    public FileDescriptor fd() {
        return socket;
    }

    Socket socket() {
        return socket;
    }

    @Override
    void handle(int ops) {
        if (!socket.isOpen()) {
            return;
        }
        if ((ops & (EPOLLRDHUP | EPOLLPRI)) != 0) {
            readsToEnd = true;
        }
        // First, because the peer may have sent why it closes.
        if ((ops & (EPOLLIN | EPOLLRDHUP)) != 0) {
            empty = false;
            receiver.readable();
        }
        if ((ops & EPOLLHUP) != 0 && socket.isOpen()) {
            hungUp(ops);
        }
        if ((ops & EPOLLOUT) != 0 && socket.isOpen() && failure == null) {
            receiver.writable();
        }
    }

    /** Distinguishes a connection that ended in order from a lost one. */
    private void hungUp(int ops) {
        if (failure != null || finished) {
            return;
        }
        if (!tcp) {
            // Its peer has closed the socket, or each side has shut down its output.
            if (!outputShutdown) {
                lost(new PeerClosedException());
            }
            return;
        }
        if (!hasEnded()) {
            return;
        }
        Optional<IOException> error = (ops & EPOLLERR) == 0 ? Optional.empty() : error();
        if (error.isEmpty() && outputShutdown) {
            finished = true;
            receiver.finished();
        } else {
            lost(error.orElseGet(PeerClosedException::new));
        }
    }

    /** Returns the error that no read or write has reported; empty if there is none. Reading clears it (SO_ERROR). */
    private Optional<IOException> error() {
        try {
            int errno = SocketOptions.get(socket, SOL_SOCKET, SO_ERROR);
            return errno == 0 ? Optional.empty() : Optional.of(new Errors.NativeIoException("recv(..)", -errno));
        } catch (IOException e) {
            return Optional.of(e);
        }
    }

    private void lost(IOException how) {
        failure = how;
        receiver.lost(how);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        byte[] first = unread;
        if (first != null) {
            int taken = Math.min(first.length, into.remaining());
            into.put(first, 0, taken);
            unread = taken == first.length ? null : Arrays.copyOfRange(first, taken, first.length);
            return taken;
        }
        if (failure != null) {
            throw failure;
        }
        if (inputEnded) {
            return -1;
        }
        if (empty) {
            return 0;
        }
        int wanted = into.remaining();
        int got;
        try {
            got = socket.recv(into, into.position(), into.limit());
        } catch (IOException e) {
            failure = e;
            throw e;
        }
        if (got < 0) {
            if (!tcp && !outputShutdown && isPeerClosed()) {
                failure = new PeerClosedException();
                throw failure;
            }
            inputEnded = true;
            return -1;
        }
        into.position(into.position() + got);
        empty = got == 0 || (got < wanted && !readsToEnd);
        return got;
    }

    /**
     * Returns whether the other end of a Unix socket is closed, and not only its output: a Unix socket has no reset, so a close
     * before this side's end counts as one (BRIDGE.md, section 4). Sending nothing then fails with EPIPE.
     */
    private boolean isPeerClosed() {
        try {
            socket.send(NOTHING, 0, 0);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Override
    public void unread(byte[] bytes) {
        if (bytes.length > 0) {
            unread = bytes;
        }
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        if (failure != null) {
            throw failure;
        }
        while (from.hasRemaining()) {
            int wanted = from.remaining();
            int sent;
            try {
                letLeaveAtOnce();
                sent = socket.send(from, from.position(), from.limit());
            } catch (IOException e) {
                if (tcp) {
                    failure = e;
                }
                throw e;
            }
            from.position(from.position() + sent);
            if (sent < wanted) {
                return;
            }
        }
    }

    /** Sets TCP_NODELAY before the second write, the first one that the kernel would delay: many connections have only one. */
    private void letLeaveAtOnce() throws IOException {
        if (!noDelay && hasWritten) {
            SocketOptions.noDelay(socket);
            noDelay = true;
        }
        hasWritten = true;
    }

    @Override
    public Optional<Pipe> pipeTo(Connection to) {
        return tcp && to instanceof EpollConnection other && other.tcp
                ? pipes.take().map(ends -> new EpollPipe(pipes, ends, this, other))
                : Optional.empty();
    }

    /** Moves received bytes into a pipe. A result of 0 says nothing about the end of the input. */
    int spliceInto(FileDescriptor pipe, int most) throws IOException {
        if (failure != null) {
            throw failure;
        }
        if (inputEnded || empty) {
            return 0;
        }
        try {
            return EpollPipe.splice(socket, pipe, most);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /** Sends bytes of a pipe, as many as the kernel takes. */
    int spliceFrom(FileDescriptor pipe, int most) throws IOException {
        if (failure != null) {
            throw failure;
        }
        try {
            letLeaveAtOnce();
            return EpollPipe.splice(pipe, socket, most);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    @Override
    public void shutdownOutput() {
        if (outputShutdown || !socket.isOpen()) {
            return;
        }
        outputShutdown = true;
        try {
            socket.shutdown(false, true);
        } catch (IOException | NotYetConnectedException e) {
            // The connection is lost, which epoll reports.
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
        return socket.isOpen();
    }

    @Override
    public Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public boolean hasEnded() {
        if (!tcp || !socket.isOpen()) {
            return false;
        }
        try {
            // The first byte of TCP_INFO is tcpi_state. The kernel returns as many bytes as fit into an int.
            int first = SocketOptions.get(socket, IPPROTO_TCP, TCP_INFO);
            int state = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? first & 0xFF : first >>> 24;
            return state == TCP_CLOSE;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public boolean reportsFinish() {
        return tcp;
    }

    @Override
    public Optional<TcpState> tcpState() {
        if (!tcp || !socket.isOpen()) {
            return Optional.empty();
        }
        ByteBuffer info = ByteBuffer.wrap(new byte[TCP_INFO_BYTES]).order(ByteOrder.nativeOrder());
        try {
            SocketOptions.get(socket, IPPROTO_TCP, TCP_INFO, info);
        } catch (IOException e) {
            return Optional.empty();
        }
        // tcpi_state, tcpi_backoff, tcpi_unacked, tcpi_last_data_sent, tcpi_last_ack_recv
        return Optional.of(new TcpState(
                info.get(0) == TCP_CLOSE,
                Integer.toUnsignedLong(info.getInt(24)),
                info.get(4),
                Duration.ofMillis(Integer.toUnsignedLong(info.getInt(44))),
                Duration.ofMillis(Integer.toUnsignedLong(info.getInt(56)))));
    }

    @Override
    public void userTimeout(Duration timeout) {
        if (!tcp || !socket.isOpen()) {
            return;
        }
        try {
            SocketOptions.userTimeout(socket, timeout);
        } catch (IOException e) {
            // The connection is lost, which epoll reports.
            return;
        }
    }

    @Override
    public void keepAlive(TcpTimeouts timeouts) {
        if (!tcp || !socket.isOpen()) {
            return;
        }
        try {
            SocketOptions.keepAlive(socket, timeouts);
        } catch (IOException e) {
            // The connection is lost, which epoll reports.
            return;
        }
    }

    @Override
    public int option(int level, int name) throws IOException {
        return SocketOptions.get(socket, level, name);
    }

    @Override
    public void option(int level, int name, ByteBuffer value) throws IOException {
        SocketOptions.get(socket, level, name, value);
    }

    @Override
    public PeerProcess peerProcess() throws IOException {
        // struct ucred: pid, uid, gid
        ByteBuffer credentials = ByteBuffer.wrap(new byte[3 * Integer.BYTES]).order(ByteOrder.nativeOrder());
        SocketOptions.get(socket, SOL_SOCKET, SO_PEERCRED, credentials);
        return new PeerProcess(credentials.getInt(0), credentials.getInt(Integer.BYTES));
    }

    @Override
    public void whenClosed(Runnable task) {
        closed = task;
    }

    @Override
    public void close() {
        Runnable task = closed;
        closed = () -> {};
        receiver = ConnectionEvents.IGNORED;
        unread = null;
        try {
            socket.close();
        } catch (IOException e) {
            // Linux frees the descriptor whatever close(2) returns.
        }
        // After close(2), which removes the socket from epoll: otherwise Netty would do that by one more system call.
        IoRegistration watched = registration;
        registration = null;
        if (watched != null) {
            watched.cancel();
        }
        task.run();
    }

    @Override
    public void closeInOrder() {
        if (tcp && socket.isOpen()) {
            try {
                SocketOptions.linger(socket, false);
            } catch (IOException e) {
                // It is closed all the same.
            }
        }
        close();
    }

    @Override
    public String toString() {
        return (tcp ? "TCP " : "Unix ") + localAddress().orElse(null) + " to " + remote;
    }
}
