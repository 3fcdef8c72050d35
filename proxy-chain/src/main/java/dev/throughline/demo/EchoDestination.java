package dev.throughline.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A destination that sends back what it receives. */
final class EchoDestination implements AutoCloseable {
    private static final int BACKLOG = 4096;

    private final ServerSocket socket;

    private EchoDestination(ServerSocket socket) {
        this.socket = socket;
    }

    /** Starts a destination at a free port. */
    static EchoDestination start(InetAddress address) throws IOException {
        EchoDestination destination = new EchoDestination(new ServerSocket(0, BACKLOG, address));
        Thread.ofVirtual().start(destination::accept);
        return destination;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket accepted = socket.accept();
                Thread.ofVirtual().start(() -> echo(accepted));
            } catch (IOException e) {
                // The destination was closed, or the connection ended before it was accepted.
            }
        }
    }

    private static void echo(Socket accepted) {
        try (accepted) {
            accepted.getInputStream().transferTo(accepted.getOutputStream());
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
