package dev.throughline.tests;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;

/**
 * The servers of {@link Disturbance}, as a program: echo on ports 80 and 8000, a late answer to a request that ends with a
 * half-close on 8001, 1 MiB each way on 8002. Prints a line that begins with {@code failure} for a request that ended cleanly
 * before all of it was there.
 */
final class DisturbanceServer {
    static final int ECHO = 80;
    static final int OTHER_ECHO = 8000;
    static final int LATE = 8001;
    static final int TRANSFER = 8002;
    /** Bytes of a request for a late answer: how many milliseconds it takes, and some more. */
    static final int LATE_REQUEST = 208;

    static final int DIGEST = 32;

    private DisturbanceServer() {}

    private interface Service {
        void serve(Socket socket) throws IOException, InterruptedException;
    }

    public static void main(String[] args) throws IOException {
        listen(ECHO, DisturbanceServer::echo);
        listen(OTHER_ECHO, DisturbanceServer::echo);
        listen(LATE, DisturbanceServer::late);
        listen(TRANSFER, DisturbanceServer::transfer);
        System.out.println("ready");
        // The scene ends it; so does the end of the scene's process.
        while (System.in.read() >= 0) {}
    }

    private static void listen(int port, Service service) throws IOException {
        ServerSocket server = new ServerSocket(port, 512);
        Thread.ofVirtual().start(() -> {
            while (true) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> serve(socket, service));
                } catch (IOException e) {
                    System.out.println("failure server: port " + port + ": " + e);
                    return;
                }
            }
        });
    }

    private static void serve(Socket socket, Service service) {
        try (socket) {
            // A connection whose other end was cut off doesn't stay for ever.
            socket.setSoTimeout((int) Duration.ofSeconds(60).toMillis());
            service.serve(socket);
        } catch (IOException e) {
            // An interrupted connection is the purpose of the scene; the application counts it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void echo(Socket socket) throws IOException {
        socket.getInputStream().transferTo(socket.getOutputStream());
    }

    private static void late(Socket socket) throws IOException, InterruptedException {
        byte[] request = socket.getInputStream().readAllBytes();
        if (request.length != LATE_REQUEST) {
            cutShort(socket, request.length, LATE_REQUEST);
            return;
        }
        Thread.sleep(ByteBuffer.wrap(request).getLong());
        socket.getOutputStream().write(Payload.digest().digest(request));
    }

    private static void transfer(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        int length;
        try {
            length = in.readInt();
        } catch (EOFException e) {
            cutShort(socket, 0, Integer.BYTES);
            return;
        }
        byte[] upload = in.readNBytes(length);
        if (upload.length != length) {
            cutShort(socket, upload.length, length);
            return;
        }
        OutputStream out = socket.getOutputStream();
        out.write(Payload.digest().digest(upload));
        byte[] download = Payload.bytes(length);
        MessageDigest digest = Payload.digest();
        digest.update(download);
        out.write(download);
        out.write(digest.digest());
    }

    /** A connection without a byte is one whose application was interrupted. */
    private static void cutShort(Socket socket, int found, int expected) {
        if (found > 0) {
            System.out.println("failure server: request from %s to port %d ended cleanly after %d of %d bytes"
                    .formatted(socket.getRemoteSocketAddress(), socket.getLocalPort(), found, expected));
        }
    }
}
