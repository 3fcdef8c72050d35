package dev.throughline.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.ListenOptions;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.engine.epoll.EpollEngine;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import java.util.function.Consumer;
import org.awaitility.Awaitility;

/** An event loop that accepts connections like a hop, and whose buffers are counted. */
public final class Wire implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int BACKLOG = 100;
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUF = 7;

    private final Engine engine;
    private final EventLoopGroup loops;
    private final ListeningSocket listener;
    private final BlockingQueue<Connection> accepted = new LinkedBlockingQueue<>();
    private final List<Connection> connections = new ArrayList<>();
    private final List<Socket> sockets = new ArrayList<>();
    private final long buffersBefore = buffersInUse();

    /** Creates a wire whose connections have no receiver of events. */
    public Wire() {
        this(new EpollEngine());
    }

    /** Creates a wire on the sockets of {@code engine}. */
    public Wire(Engine engine) {
        this.engine = engine;
        this.loops = newLoops();
        this.listener = listen(accepted::add);
    }

    /** Creates a wire that gives its connections to {@code begin}, on the event loop. */
    public Wire(Consumer<Connection> begin) {
        this.engine = new EpollEngine();
        this.loops = newLoops();
        this.listener = listen(begin);
    }

    private EventLoopGroup newLoops() {
        return new MultiThreadIoEventLoopGroup(1, engine.newHandlerFactory());
    }

    private ListeningSocket listen(Consumer<Connection> begin) {
        AcceptListener opener = new AcceptListener() {
            @Override
            public void accepted(AcceptedSocket connection, AcceptLoop from) {
                connection.open(from.loop(), begin, problem -> {
                    throw new IllegalStateException(problem);
                });
            }

            @Override
            public void failed(AcceptLoop from, IOException cause) {
                throw new UncheckedIOException(cause);
            }
        };
        try {
            return engine.listen(
                    List.of(loops.next()),
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    new ListenOptions(BACKLOG, false, false, 0, TcpTimeouts.NONE),
                    BACKLOG,
                    () -> opener);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One connection: the application's or destination's end, and the hop's. */
    public record Pair(Socket socket, Connection connection) {}

    /** Connects; the hop's end reads only on request. */
    public Pair pair() throws IOException, InterruptedException {
        Socket socket = connect();
        Connection connection = accepted.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(connection).as("accepted").isNotNull();
        connections.add(connection);
        return new Pair(socket, connection);
    }

    /** Connects, for wires whose receiver of connections does the rest. */
    public Socket connect() throws IOException {
        Socket socket = new Socket(address().getAddress(), address().getPort());
        socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
        sockets.add(socket);
        return socket;
    }

    /** Sets the send buffer of the hop's end of the next connections. */
    public void sendBuffer(int bytes) throws IOException {
        listener.option(SOL_SOCKET, SO_SNDBUF, bytes);
    }

    public Engine engine() {
        return engine;
    }

    public EventLoopGroup loops() {
        return loops;
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listener.address();
    }

    /** Runs a task on the event loop, and waits for it. */
    public <T> T onLoop(Callable<T> action) throws Exception {
        return loops.next().submit(action).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Closes the hop's end of a connection on the event loop, and waits for it. */
    public void close(Connection connection) {
        loops.next().submit(connection::close).syncUninterruptibly();
    }

    /** Waits until {@code condition} holds. */
    public static void await(String what, BooleanSupplier condition) {
        Awaitility.await(what)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .atMost(PATIENCE)
                .until(condition::getAsBoolean);
    }

    /** Waits until {@code condition}, which is tested on the event loop, holds. */
    public void awaitOnLoop(String what, Callable<Boolean> condition) {
        await(what, () -> {
            try {
                return onLoop(condition);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** Closes all connections, stops the event loop, and asserts that every buffer is released then. */
    public void assertNothingLeaks() {
        connections.forEach(this::close);
        stop();
        await("for buffers to be released", () -> buffersInUse() == buffersBefore);
    }

    /** A thread keeps released buffers for its next allocations, and counts them as used, until it ends. */
    private static long buffersInUse() {
        return PooledByteBufAllocator.DEFAULT.metric().directArenas().stream()
                .mapToLong(PoolArenaMetric::numActiveAllocations)
                .sum();
    }

    private void stop() {
        if (listener.isOpen()) {
            listener.close();
        }
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Override
    public void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        stop();
    }
}
