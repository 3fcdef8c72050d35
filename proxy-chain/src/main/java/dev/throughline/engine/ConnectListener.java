package dev.throughline.engine;

/** The receiver of an attempt's result: exactly one call, on the event loop, unless the connection is closed before. */
public interface ConnectListener {
    /** The connection is open. */
    void connected(Connection connection);

    /**
     * The attempt failed, and its socket is closed.
     *
     * @param cause {@link java.net.ConnectException}, {@link java.net.NoRouteToHostException}, {@link
     *     io.netty.channel.ConnectTimeoutException} or another exception with the system's errno
     */
    void failed(Exception cause);
}
