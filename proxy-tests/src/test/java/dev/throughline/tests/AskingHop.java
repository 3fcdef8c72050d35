package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.engine.Engine;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.transport.AgentClient;
import dev.throughline.transport.ConnectFailedException;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The part of a hop that requests connections from an agent. It records the notices about the agent. */
final class AskingHop implements AgentClient.Listener, AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Short, so that no test waits long. */
    static final AgentClient.Timings TIMINGS = new AgentClient.Timings(
            Duration.ofSeconds(5), Duration.ofMillis(10), Duration.ofMillis(40), Duration.ofMillis(100));

    private final Engine engine = new EpollEngine();
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, engine.newHandlerFactory());
    private final AgentClient agent;
    private final List<String> notices = new CopyOnWriteArrayList<>();
    private final List<Limits> limits = new CopyOnWriteArrayList<>();

    AskingHop(Path socket, AgentClient.Rule rule, AgentClient.Timings timings) {
        this.agent = new AgentClient(engine, loops.next(), socket, rule, timings, this);
    }

    /** Starts one that accepts any process as agent, and watches it. */
    static AskingHop of(Path socket) {
        return new AskingHop(socket, anybody -> CompletableFuture.completedFuture(Optional.empty()), TIMINGS).start();
    }

    AskingHop start() {
        agent.start();
        return this;
    }

    static BridgeRequest.Open request(Optional<Bytes> handle, InetSocketAddress to) {
        InetSocketAddress application = new InetSocketAddress(InetAddresses.forString("192.0.2.7"), 40_000);
        return new BridgeRequest.Open(Tuple.tcp(application, to), handle);
    }

    OpenedFlow open(BridgeRequest.Open request, Duration deadline) {
        return new OpenedFlow(result -> agent.open(loops.next(), request, deadline, result));
    }

    OpenedFlow open(InetSocketAddress to) {
        return open(request(Optional.empty(), to), PATIENCE);
    }

    /** Returns the notices about the agent, in order. */
    List<String> notices() {
        return notices;
    }

    List<Limits> reportedLimits() {
        return limits;
    }

    AskingHop awaitNotices(String... lines) {
        await().untilAsserted(() -> assertThat(notices).containsExactly(lines));
        return this;
    }

    static <T> T get(CompletableFuture<T> future) throws ExecutionException, InterruptedException, TimeoutException {
        return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    static ConnectFailedException failure(OpenedFlow flow) throws InterruptedException, TimeoutException {
        try {
            throw new AssertionError(get(flow.result()));
        } catch (ExecutionException e) {
            return (ConnectFailedException) e.getCause();
        }
    }

    @Override
    public void limits(Limits said) {
        limits.add(said);
    }

    @Override
    public void gone(String why) {
        notices.add("gone: " + why);
    }

    @Override
    public void back() {
        notices.add("back");
    }

    @Override
    public void close() {
        agent.close();
        loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
