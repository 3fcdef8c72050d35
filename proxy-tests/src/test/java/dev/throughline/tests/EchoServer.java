package dev.throughline.tests;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.LongAdder;

/** A destination that sends back and counts all received bytes. */
final class EchoServer implements AutoCloseable {
    private final ServerSocket socket;
    private final LongAdder connections = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    private EchoServer(ServerSocket socket) {
        this.socket = socket;
    }

    static EchoServer at(InetSocketAddress address) throws IOException {
        EchoServer server = new EchoServer(Loopback.listen(address));
        Thread.ofVirtual().start(server::serve);
        return server;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /** Returns the number of connections so far. */
    long connections() {
        return connections.sum();
    }

    /** Returns the number of bytes of all connections so far. */
    long bytes() {
        return bytes.sum();
    }

    private void serve() {
        while (!socket.isClosed()) {
            try {
                Socket accepted = socket.accept();
                connections.increment();
                Thread.ofVirtual().start(() -> echo(accepted));
            } catch (IOException e) {
                // The server or the connection was closed before accept; the test notices either.
            }
        }
    }

    private void echo(Socket accepted) {
        try (accepted) {
            InputStream in = accepted.getInputStream();
            byte[] buffer = new byte[64 * 1024];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                bytes.add(count);
                accepted.getOutputStream().write(buffer, 0, count);
            }
        } catch (IOException e) {
            // The other end reset the connection.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
