package dev.throughline.engine.nio;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.ConnectOptions;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.ListenOptions;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.MarkException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * The engine on every system: Java's own channels. What Java doesn't show or set is different from the engine of Linux:
 *
 * <ul>
 *   <li><b>Reset while nobody reads.</b> A selector reports only what can be read or written. While the receiver doesn't read, a
 *       connection reads ahead a little, which finds a reset behind a few bytes. A reset behind more of them, and one after the
 *       peer's end, is found by the next read or write.
 *   <li><b>Acknowledgements</b> of the last bytes and the end: {@link Connection#reportsFinish} is false. A connection whose both
 *       directions have ended is closed in order, and the kernel delivers the rest.
 *   <li><b>A close of a Unix socket</b> by the peer before this side's end looks like an ordinary end.
 *   <li><b>TCP_USER_TIMEOUT and TCP_INFO</b>: {@link Connection#userTimeout} does nothing, {@link Connection#tcpState} is empty and
 *       {@link Connection#hasEnded} false. Keepalive probes alone find a peer that vanished; the kernel resends unacknowledged bytes
 *       for its default time, about 15 minutes on Linux.
 *   <li><b>The process at the other end of a Unix socket</b>: {@link Connection#peerProcess} fails.
 *   <li><b>SO_MARK, IP_TRANSPARENT and socket options by number</b>: asking for them fails.
 *   <li><b>The length of a listener's queue</b> stays as it was at first: {@link ListeningSocket#backlog} does nothing.
 *   <li><b>splice(2)</b>: there are no pipes, every byte is copied.
 *   <li><b>Descriptors</b> of closed sockets are released in the next pass of their event loop, and a reset is sent then.
 *   <li><b>errno</b>: see {@link SystemErrors}.
 * </ul>
 */
public final class NioEngine implements Engine {
    /** Its name. */
    public static final String NAME = "nio";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public IoHandlerFactory newHandlerFactory() {
        return NioIoHandler.newFactory();
    }

    /** Returns the failure of a request for something that Java doesn't have. */
    static IOException unsupported(String what) {
        return new IOException("engine \"" + NAME + "\" has no " + what);
    }

    private static void refuseMark(int mark) throws MarkException {
        if (mark != 0) {
            throw new MarkException(unsupported("marks (SO_MARK)"));
        }
    }

    private static StandardProtocolFamily family(InetSocketAddress address) {
        return address.getAddress() instanceof Inet6Address
                ? StandardProtocolFamily.INET6
                : StandardProtocolFamily.INET;
    }

    @Override
    public Connection connect(
            EventLoop loop, InetSocketAddress destination, ConnectOptions options, ConnectListener listener)
            throws IOException {
        refuseMark(options.mark());
        SocketChannel channel = open(family(destination));
        try {
            channel.configureBlocking(false);
            NioOptions.relayed(channel);
            ConnectingChannel connection = new ConnectingChannel(channel, listener);
            connection.start(loop, destination, options.timeout());
            return connection;
        } catch (IOException e) {
            channel.close();
            throw SystemErrors.numbered(e);
        } catch (RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public Connection connect(EventLoop loop, Path path) throws IOException {
        SocketChannel channel = open(StandardProtocolFamily.UNIX);
        try {
            channel.configureBlocking(false);
            if (!channel.connect(UnixDomainSocketAddress.of(path))) {
                throw new IOException("Resource temporarily unavailable");
            }
            NioConnection connection = new NioConnection(channel, false);
            connection.register(loop);
            return connection;
        } catch (IOException e) {
            channel.close();
            throw SystemErrors.numbered(e);
        } catch (RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static SocketChannel open(StandardProtocolFamily family) throws IOException {
        try {
            return SocketChannel.open(family);
        } catch (IOException e) {
            throw SystemErrors.numbered(e);
        } catch (UnsupportedOperationException e) {
            throw new IOException("this system has no " + family + " sockets", e);
        }
    }

    private static ServerSocketChannel openListening(StandardProtocolFamily family) throws IOException {
        try {
            return ServerSocketChannel.open(family);
        } catch (IOException e) {
            throw SystemErrors.numbered(e);
        } catch (UnsupportedOperationException e) {
            throw new IOException("this system has no " + family + " sockets", e);
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
        refuseMark(options.mark());
        if (options.transparent()) {
            throw unsupported("interception (IP_TRANSPARENT)");
        }
        ServerSocketChannel channel = openListening(family(address));
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            if (options.reusePort()) {
                channel.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            }
            return started(
                    loops,
                    channel,
                    address,
                    new NioListener.Settings(true, options.timeouts(), options.backlog(), acceptedEachPass),
                    listeners);
        } catch (IOException e) {
            channel.close();
            throw SystemErrors.numbered(e);
        } catch (RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public ListeningSocket listen(
            List<EventLoop> loops, Path path, int backlog, int acceptedEachPass, Supplier<AcceptListener> listeners)
            throws IOException {
        ServerSocketChannel channel = openListening(StandardProtocolFamily.UNIX);
        try {
            return started(
                    loops,
                    channel,
                    UnixDomainSocketAddress.of(path),
                    NioListener.Settings.unix(backlog, acceptedEachPass),
                    listeners);
        } catch (IOException e) {
            channel.close();
            throw SystemErrors.numbered(e);
        } catch (RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static ListeningSocket started(
            List<EventLoop> loops,
            ServerSocketChannel channel,
            SocketAddress address,
            NioListener.Settings settings,
            Supplier<AcceptListener> listeners)
            throws IOException {
        channel.configureBlocking(false);
        channel.bind(address, settings.backlog());
        NioListener listening = new NioListener(channel, settings);
        listening.start(loops, listeners);
        return listening;
    }
}
