package dev.throughline.engine;

import dev.throughline.header.Tuple;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * A connected, non-blocking stream socket, TCP or Unix, on one event loop. It has no queue: what {@link #write} doesn't take stays
 * with the caller, and nothing is read unless the caller reads.
 *
 * <p>Each change is reported once, to the receiver of that moment ({@link #events}). A new receiver therefore first tries to read
 * and write, and looks at {@link #failure}. Only {@link #loop} and the addresses may be used on other threads.
 */
public interface Connection {
    /** Returns the event loop. */
    EventLoop loop();

    /** Returns whether it is a TCP connection; otherwise it is a Unix socket. */
    boolean isTcp();

    /** Returns the local address; empty for a Unix socket, and if the connection ended before it could be asked for. */
    Optional<InetSocketAddress> localAddress();

    /** Returns the peer's address; empty as {@link #localAddress} is. */
    Optional<InetSocketAddress> remoteAddress();

    /** Returns the addresses of a connection that this side opened, if both are known: the local one is the source. */
    default Optional<Tuple> openedAddresses() {
        return tuple(localAddress(), remoteAddress());
    }

    /** Returns the addresses of a connection that the peer opened, if both are known: the peer's is the source. */
    default Optional<Tuple> acceptedAddresses() {
        return tuple(remoteAddress(), localAddress());
    }

    private static Optional<Tuple> tuple(Optional<InetSocketAddress> source, Optional<InetSocketAddress> destination) {
        return source.isPresent() && destination.isPresent()
                ? Optional.of(Tuple.tcp(source.get(), destination.get()))
                : Optional.empty();
    }

    /** Sets the receiver of all following events. */
    void events(ConnectionEvents receiver);

    /**
     * Reads received bytes.
     *
     * @param into a direct buffer with space
     * @return the number of bytes; 0 if there are none at the moment, and {@link ConnectionEvents#readable} will report more; -1
     *     after the peer ended its output
     * @throws IOException if the connection is lost; its bytes may be incomplete
     */
    int read(ByteBuffer into) throws IOException;

    /** Makes {@link #read} return {@code bytes} first. */
    void unread(byte[] bytes);

    /**
     * Writes bytes, as many as the kernel takes. If some remain, {@link ConnectionEvents#writable} reports when it takes more.
     *
     * @param from a direct buffer, whose position is advanced
     * @throws IOException if the connection is lost; what a Unix socket received before can still be read
     */
    void write(ByteBuffer from) throws IOException;

    /**
     * Returns a pipe that moves bytes from this connection to {@code to}, on the same loop; empty if the system has none, or no
     * other is free. Bytes that were {@linkplain #unread put back} must have been read before.
     */
    default Optional<Pipe> pipeTo(Connection to) {
        return Optional.empty();
    }

    /** Ends this side's output after the bytes that were written. Does nothing if the connection is lost. */
    void shutdownOutput();

    /** Returns whether this side ended its output. */
    boolean isOutputShutdown();

    /** Returns whether the peer's end was read. */
    boolean isInputEnded();

    /** Returns whether neither side has closed the socket here. */
    boolean isOpen();

    /** Returns how the connection was lost, if so. */
    Optional<IOException> failure();

    /** Asks the kernel whether the connection has ended, normally or not. False if this system can't tell, and for Unix sockets. */
    boolean hasEnded();

    /**
     * Returns whether {@link ConnectionEvents#finished} will report that the peer's kernel has acknowledged all bytes and the end.
     */
    boolean reportsFinish();

    /** Returns the kernel's state of a TCP connection; empty if it is closed here, and where the system doesn't show it. */
    Optional<TcpState> tcpState();

    /** Sets TCP_USER_TIMEOUT, where the system has it; zero is the kernel's default. */
    void userTimeout(Duration timeout);

    /** Sets keepalive and user timeout, where the system has them. */
    void keepAlive(TcpTimeouts timeouts);

    /**
     * Returns an integer option (getsockopt(2)).
     *
     * @throws IOException if the kernel refuses it, with its errno, or the system has no such call
     */
    int option(int level, int name) throws IOException;

    /** Reads an option of several bytes into {@code value}. */
    void option(int level, int name, ByteBuffer value) throws IOException;

    /** Returns the process at the other end of a Unix socket, as the kernel recorded it (SO_PEERCRED, unix(7)). */
    PeerProcess peerProcess() throws IOException;

    /** Sets a task that runs once, on the loop, when this side closes the socket. */
    void whenClosed(Runnable task);

    /** Closes the socket. The peer of a TCP connection that hasn't finished gets a reset: a cut stream must not look complete. */
    void close();

    /** Closes the socket with an ordinary end. If it has received bytes that nobody has read, Linux resets it all the same. */
    void closeInOrder();
}
