package dev.throughline.platform.linux;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Both ends of a TCP connection on this host. */
record Connection(SocketChannel client, SocketChannel server, ServerSocketChannel listener) implements AutoCloseable {
    static Connection to(String address) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress(address, 0));
        return new Connection(SocketChannel.open(listener.getLocalAddress()), listener.accept(), listener);
    }

    /** The client's socket is AF_INET: the JDK's own choice is a dual-stack AF_INET6 socket. */
    static Connection ipv4Only(String address) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress(address, 0));
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.INET);
        client.connect(listener.getLocalAddress());
        return new Connection(client, listener.accept(), listener);
    }

    Tuple tuple() throws IOException {
        return Tuple.tcp((InetSocketAddress) server.getRemoteAddress(), (InetSocketAddress) server.getLocalAddress());
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
        listener.close();
    }
}
