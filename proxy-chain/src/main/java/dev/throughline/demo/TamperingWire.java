package dev.throughline.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A proxy between two hops on loopback that can change one byte of the header. */
final class TamperingWire implements AutoCloseable {
    private final ServerSocket server;
    private final InetSocketAddress target;
    private volatile boolean tampering;

    private TamperingWire(ServerSocket server, InetSocketAddress target) {
        this.server = server;
        this.target = target;
    }

    /** Starts a proxy from {@code port} to {@code targetPort}. */
    static TamperingWire start(int port, int targetPort) throws IOException {
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        TamperingWire wire =
                new TamperingWire(new ServerSocket(port, 50, loopback), new InetSocketAddress(loopback, targetPort));
        Thread.ofVirtual().start(wire::accept);
        return wire;
    }

    void tamper() {
        tampering = true;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket previous = server.accept();
                Socket next = new Socket(target.getAddress(), target.getPort());
                Thread.ofVirtual().start(() -> copy(previous, next, tampering));
                Thread.ofVirtual().start(() -> copy(next, previous, false));
            } catch (IOException e) {
                // The proxy was closed, or the next hop isn't running; closing the connection notifies the peer.
            }
        }
    }

    private static void copy(Socket from, Socket to, boolean tamper) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[64 * 1024];
            boolean first = true;
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                if (first && tamper && count > HeaderByte.OFFSET) {
                    buffer[HeaderByte.OFFSET] = HeaderByte.FORGED;
                }
                first = false;
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            // One side has closed; closing both notifies the other.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
