package dev.throughline.identify;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process that opens a connection in an uncommon way, prints its source and destination, and waits for the end of its
 * input. Its first argument selects the way.
 */
final class Opener {
    private Opener() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "by-thread" -> byThread(Integer.parseInt(arguments[1]));
            case "alone" -> alone();
            case "from-foreign-address" -> fromForeignAddress(Integer.parseInt(arguments[1]));
            case "give-away" -> giveAway(Integer.parseInt(arguments[1]), arguments[2]);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /** A second thread with its own name connects. */
    private static void byThread(int port) throws Exception {
        Thread other = Thread.ofPlatform().name("not-the-process").start(() -> {
            try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), port)) {
                said(socket);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        other.join();
    }

    /** Both ends in a separate network namespace, with addresses and ports that exist elsewhere too. */
    private static void alone() throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                Socket socket = new Socket(listener.getInetAddress(), listener.getLocalPort())) {
            said(socket);
        }
    }

    /** Connects like a transparent proxy that keeps its client's address. */
    private static void fromForeignAddress(int port) throws IOException {
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        InetSocketAddress foreign = new InetSocketAddress("192.0.2.10", 41000);
        InetSocketAddress destination = new InetSocketAddress("127.0.0.1", port);
        // There is no answer, because no route leads back. The first SYN is enough.
        var _ = new Bootstrap()
                .group(group)
                .channel(EpollSocketChannel.class)
                .option(EpollChannelOption.IP_TRANSPARENT, true)
                .option(EpollChannelOption.SO_REUSEADDR, true)
                .handler(new ChannelHandlerAdapter() {})
                .connect(destination, foreign);
        said(foreign, destination);
    }

    /** Passes the socket to the process that listens at a Unix socket, and closes it here. */
    private static void giveAway(int port, String unixSocket) throws Exception {
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        EpollSocketChannel tcp = (EpollSocketChannel) new Bootstrap()
                .group(group)
                .channel(EpollSocketChannel.class)
                .handler(new ChannelHandlerAdapter() {})
                .connect(new InetSocketAddress("127.0.0.1", port))
                .sync()
                .channel();
        InetSocketAddress source = tcp.localAddress();
        InetSocketAddress destination = tcp.remoteAddress();
        var receiver = new Bootstrap()
                .group(group)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelHandlerAdapter() {})
                .connect(new DomainSocketAddress(unixSocket))
                .sync()
                .channel();
        receiver.writeAndFlush(new FileDescriptor(tcp.fd().intValue())).sync();
        // The receiver has it; the descriptor here is closed.
        while (!Files.exists(Path.of(unixSocket + ".taken"))) {
            Thread.onSpinWait();
        }
        tcp.close().sync();
        said(source, destination);
    }

    private static void said(Socket socket) throws IOException {
        said((InetSocketAddress) socket.getLocalSocketAddress(), (InetSocketAddress) socket.getRemoteSocketAddress());
    }

    private static void said(InetSocketAddress source, InetSocketAddress destination) throws IOException {
        System.out.println(source.getAddress().getHostAddress() + ":" + source.getPort() + " "
                + destination.getAddress().getHostAddress() + ":" + destination.getPort());
        String unused = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        System.exit(unused.isEmpty() ? 0 : 1);
    }
}
