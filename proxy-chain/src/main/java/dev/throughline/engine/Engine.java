package dev.throughline.engine;

import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * A way to use sockets on event loops. {@code epoll} is Linux's; {@code nio} is Java's own, for every system, without what only
 * Linux shows.
 */
public interface Engine {
    /** Returns its name in configuration and log. */
    String name();

    /** Returns a factory for event loops on which its sockets can run. */
    IoHandlerFactory newHandlerFactory();

    /**
     * Opens a TCP connection. Must be called on {@code loop}.
     *
     * @return the connection that is being opened; {@link Connection#close} cancels the attempt without another call
     * @throws IOException if there can be no such socket: no descriptor, {@link MarkException}, or no route
     */
    Connection connect(EventLoop loop, InetSocketAddress destination, ConnectOptions options, ConnectListener listener)
            throws IOException;

    /**
     * Opens a connection to a Unix socket. Must be called on {@code loop}.
     *
     * @throws IOException if nobody listens, or with EAGAIN if the listener's queue is full
     */
    Connection connect(EventLoop loop, Path socket) throws IOException;

    /**
     * Listens on an address.
     *
     * @param loops on which connections are accepted: each by a loop that isn't busy, if there is one
     * @param acceptedEachPass maximum number of connections before other sockets of a loop are served
     * @param listeners returns the receiver of each loop's connections
     */
    ListeningSocket listen(
            List<EventLoop> loops,
            InetSocketAddress address,
            ListenOptions options,
            int acceptedEachPass,
            Supplier<AcceptListener> listeners)
            throws IOException;

    /** Listens on a Unix socket. */
    ListeningSocket listen(
            List<EventLoop> loops, Path socket, int backlog, int acceptedEachPass, Supplier<AcceptListener> listeners)
            throws IOException;
}
