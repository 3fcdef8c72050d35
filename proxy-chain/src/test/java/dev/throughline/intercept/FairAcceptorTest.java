package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.budget.Account;
import dev.throughline.flow.FairQueue;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections of one user. At most two of them wait outside the kernel's queue. */
@Timeout(30)
class FairAcceptorTest {
    private static final int MOST_WAITING = 2;
    private static final Account ALICE = new Account("edge-1", "alice", "", "");

    private final EventLoopGroup acceptor = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final AtomicInteger prepared = new AtomicInteger();

    @AfterEach
    void stop() {
        acceptor.shutdownGracefully();
        loops.shutdownGracefully();
    }

    @Test
    void continuesAfterConnectionsThatCouldNotBePrepared() throws IOException {
        int failing = 3 * MOST_WAITING;
        InetSocketAddress address = listen(failing);

        for (int i = 0; i < failing; i++) {
            try (Socket socket = open(address)) {
                assertThatThrownBy(() -> readByte(socket)).isInstanceOf(IOException.class);
            }
        }

        try (Socket socket = open(address)) {
            assertThat(readByte(socket)).isEqualTo('!');
        }
        assertThat(prepared).hasValue(failing + 1);
    }

    /** The first {@code failing} connections can't be prepared; each other one gets a byte. */
    private InetSocketAddress listen(int failing) {
        FairAcceptor tested = new FairAcceptor(
                loops,
                new FairQueue(100),
                MOST_WAITING,
                FairQueue.Work.FLOW,
                connection -> ALICE,
                (local, peer) -> false,
                (connection, user) -> prepare(connection, failing));
        Channel server = new ServerBootstrap()
                .group(acceptor)
                .channel(NioServerSocketChannel.class)
                .handler(tested)
                .childHandler(new ChannelInboundHandlerAdapter())
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
        return (InetSocketAddress) server.localAddress();
    }

    private void prepare(DuplexChannel connection, int failing) {
        if (prepared.incrementAndGet() <= failing) {
            throw new IllegalStateException("can't prepare " + connection);
        }
        connection.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext context) {
                context.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {'!'}));
            }
        });
    }

    private static Socket open(InetSocketAddress address) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static int readByte(Socket socket) throws IOException {
        int read = socket.getInputStream().read();
        if (read == -1) {
            throw new EOFException();
        }
        return read;
    }
}
