package dev.throughline.engine;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/** An accepted connection before it has an event loop. Any one thread may use it. */
public interface AcceptedSocket {
    /** Returns the local address; empty for a Unix socket, and if the connection has ended. */
    Optional<InetSocketAddress> localAddress();

    /** Returns the peer's address; empty for a Unix socket. */
    Optional<InetSocketAddress> remoteAddress();

    /** Reads an option of several bytes into {@code value}. */
    void option(int level, int name, ByteBuffer value) throws IOException;

    /**
     * Registers the connection with {@code loop}, on that loop.
     *
     * @param opened is called on the loop, before any event
     * @param failed is called instead if the loop can't watch it; the socket is closed then
     */
    void open(EventLoop loop, Consumer<Connection> opened, Consumer<Exception> failed);

    /** Closes the socket; the peer gets a reset. */
    void close();
}
