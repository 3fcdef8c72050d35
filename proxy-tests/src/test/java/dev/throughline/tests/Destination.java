package dev.throughline.tests;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** A server that a test controls: nothing happens on its connections without the test. */
record Destination(ServerSocket socket) implements AutoCloseable {
    static Destination at(InetAddress address) throws IOException {
        return new Destination(new ServerSocket(0, 4096, address));
    }

    /** Accepts connections slowly: its queue holds two, and no more get an answer. */
    static Destination withFullQueue(InetAddress address) throws IOException {
        return new Destination(new ServerSocket(0, 1, address));
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /** Returns the next connection. */
    End accept() throws IOException {
        socket.setSoTimeout(10_000);
        return new End(socket.accept());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
