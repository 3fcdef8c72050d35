package dev.throughline.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.transport.EpollLoops;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.awaitility.Awaitility;

/** An event loop that accepts connections like a hop, and whose buffers are counted. */
public final class Wire implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollLoops.newFactory());
    private final UnpooledByteBufAllocator buffers = new UnpooledByteBufAllocator(true);
    private final BlockingQueue<SocketChannel> accepted = new LinkedBlockingQueue<>();
    private final List<SocketChannel> channels = new ArrayList<>();
    private final List<Socket> sockets = new ArrayList<>();
    private final InetSocketAddress address;

    /** Creates a wire whose connections have only an {@link InboundBuffer}. */
    public Wire() {
        this(InboundBuffer::new);
    }

    /** Creates a wire whose connections start with the handlers of {@code first}. */
    public Wire(Supplier<ChannelHandler> first) {
        Channel server = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.ALLOCATOR, buffers)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(first.get());
                        accepted.add(channel);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        address = (InetSocketAddress) server.localAddress();
    }

    /** One connection: the application's or destination's end, and the hop's. */
    public record Pair(Socket socket, SocketChannel channel) {}

    /** Connects; the hop's end reads only on request. */
    public Pair pair() throws IOException, InterruptedException {
        Socket socket = connect();
        SocketChannel channel = accepted.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(channel).as("accepted").isNotNull();
        channels.add(channel);
        await("to be active", channel::isActive);
        return new Pair(socket, channel);
    }

    /** Connects, for wires whose handlers do the rest. */
    public Socket connect() throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
        sockets.add(socket);
        return socket;
    }

    public EventLoopGroup loops() {
        return loops;
    }

    public InetSocketAddress address() {
        return address;
    }

    /** Runs a task on the event loop, and waits for it. */
    public <T> T onLoop(Callable<T> action) throws Exception {
        return loops.next().submit(action).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Waits until {@code condition} holds. */
    public static void await(String what, BooleanSupplier condition) {
        Awaitility.await(what)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .atMost(PATIENCE)
                .until(condition::getAsBoolean);
    }

    /** Closes all connections, and asserts that every buffer is released then. */
    public void assertNothingLeaks() {
        for (SocketChannel channel : channels) {
            channel.close().awaitUninterruptibly();
        }
        ByteBufAllocatorMetric used = buffers.metric();
        await("for buffers to be released", () -> used.usedDirectMemory() + used.usedHeapMemory() == 0);
    }

    @Override
    public void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
