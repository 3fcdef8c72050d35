package dev.throughline.engine.epoll;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.ConnectOptions;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.ListenOptions;
import dev.throughline.engine.ListeningSocket;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.LinuxSocket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The engine on Linux. */
public final class EpollEngine implements Engine {
    /** Its name. */
    public static final String NAME = "epoll";

    /** Pipes for splice(2) that one event loop may have if descriptors are plenty. */
    public static final int MOST_PIPES_OF_LOOP = 32;

    private final PipePool pipes;

    /** Creates an engine with {@link #MOST_PIPES_OF_LOOP}. */
    public EpollEngine() {
        this(MOST_PIPES_OF_LOOP);
    }

    /**
     * Creates an engine.
     *
     * @param pipesOfLoop pipes for splice(2) that one event loop may have, with two descriptors each
     */
    public EpollEngine(int pipesOfLoop) {
        this.pipes = new PipePool(pipesOfLoop);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public IoHandlerFactory newHandlerFactory() {
        return EpollLoops.newFactory();
    }

    private static LinuxSocket newSocket(InetSocketAddress address) throws IOException {
        boolean ipv6 = address.getAddress() instanceof Inet6Address;
        try {
            return LinuxSocket.newSocketStream(ipv6 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET);
        } catch (RuntimeException e) {
            // Netty wraps the system's error.
            throw new IOException(e.getMessage(), e);
        }
    }

    private static LinuxSocket newUnixSocket() throws IOException {
        try {
            return LinuxSocket.newSocketDomain();
        } catch (RuntimeException e) {
            // Netty wraps the system's error.
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public Connection connect(
            EventLoop loop, InetSocketAddress destination, ConnectOptions options, ConnectListener listener)
            throws IOException {
        ConnectingSocket connection = new ConnectingSocket(newSocket(destination), destination, listener, pipes);
        try {
            SocketOptions.relayed(connection.socket());
            if (options.mark() != 0) {
                SocketOptions.mark(connection.socket(), options.mark());
            }
            connection.start(loop, options.timeout());
            return connection;
        } catch (IOException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public Connection connect(EventLoop loop, Path path) throws IOException {
        EpollConnection connection = new EpollConnection(newUnixSocket(), false, null, null, pipes);
        try {
            SocketOptions.urgentBytesInline(connection.socket());
            // Unlike TCP, it never connects later.
            boolean _ = connection.socket().connect(new DomainSocketAddress(path.toFile()));
            connection.register(loop);
            return connection;
        } catch (IOException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public ListeningSocket listen(
            List<EventLoop> loops,
            InetSocketAddress address,
            ListenOptions options,
            int acceptedEachPass,
            Supplier<AcceptListener> listeners)
            throws IOException {
        Socket socket = newSocket(address);
        try {
            SocketOptions.reuse(socket, options.reusePort());
            SocketOptions.relayed(socket);
            SocketOptions.noDelay(socket);
            SocketOptions.keepAlive(socket, options.timeouts());
            if (options.transparent()) {
                SocketOptions.transparent(socket);
            }
            if (options.mark() != 0) {
                SocketOptions.mark(socket, options.mark());
            }
            socket.bind(address);
            InetSocketAddress bound = socket.localAddress();
            boolean own = !options.transparent() && !bound.getAddress().isAnyLocalAddress();
            EpollListener listener = new EpollListener(
                    socket, true, bound, own ? Optional.of(bound) : Optional.empty(), acceptedEachPass, pipes);
            listener.start(loops, listeners, options.backlog());
            return listener;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    @Override
    public ListeningSocket listen(
            List<EventLoop> loops, Path path, int backlog, int acceptedEachPass, Supplier<AcceptListener> listeners)
            throws IOException {
        Socket socket = newUnixSocket();
        DomainSocketAddress address = new DomainSocketAddress(path.toFile());
        try {
            socket.bind(address);
            EpollListener listener =
                    new EpollListener(socket, false, address, Optional.empty(), acceptedEachPass, pipes);
            listener.start(loops, listeners, backlog);
            return listener;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }
}
