package dev.throughline.tests;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Bytes;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.report.JsonTree;
import dev.throughline.tests.emulator.NetworkFrameworkEmulator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A Mac whose applications share one process's connections of Network.framework, as they do with a transparent proxy. An agent
 * hands their flows over to hop {@code edge}, which opens them by the agent as far as that goes and over plain sockets beyond,
 * to hop {@code gateway}, and that to a server which sends back what it gets. The agent's system is an emulator.
 */
final class LimitScene implements AutoCloseable {
    /** How long an application waits for a connection. */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Connections that are being opened at once. */
    private static final int AT_ONCE = 64;

    private final AtomicInteger sources = new AtomicInteger(10_000);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().factory());
    private final Path agentSocket;
    private final Path bridge;
    private final NetworkFrameworkEmulator agent;
    private final EchoServer server;
    private final Hops hops;

    private LimitScene(Path folder, NetworkFrameworkEmulator agent, EchoServer server, Hops hops) {
        this.agentSocket = folder.resolve("opening.sock");
        this.bridge = folder.resolve("agents.bridge");
        this.agent = agent;
        this.server = server;
        this.hops = hops;
    }

    /**
     * Begins.
     *
     * @param net addresses of the scene's own
     * @param limit connections that the agent's system lets it have
     * @param edge more of the configuration of hop {@code edge}
     */
    static LimitScene start(Path folder, Loopback net, int limit, String edge) throws IOException {
        return start(folder, net, limit, "", edge);
    }

    /** The same, with more of the configuration of the agent's transport. */
    static LimitScene start(Path folder, Loopback net, int limit, String transport, String edge) throws IOException {
        NetworkFrameworkEmulator agent = NetworkFrameworkEmulator.start(
                folder.resolve("opening.sock"), NetworkFrameworkEmulator.Settings.limited(limit));
        EchoServer server = EchoServer.at(
                new InetSocketAddress(InetAddress.getByName(net.address(9).getHostAddress()), 0));
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        Hops hops = new Hops(folder, Host.THIS).keys("edge", "gateway");
        hops.configure("edge", """
                listeners:
                  - { name: agents, mode: bridge, socket: agents.bridge, agents: [{ uid: %1$s }] }
                transports: { network-framework: { socket: opening.sock, uid: %1$s%4$s } }
                route: { to: gateway, at: "%2$s", over: [network-framework, bsd-socket] }
                %3$s
                """.formatted(uid, net.text(2, 17001), edge, transport));
        hops.configure("gateway", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(net.text(2, 17001)));
        hops.start("edge", "gateway");
        LimitScene scene = new LimitScene(folder, agent, server, hops);
        scene.edge().awaitMetric("throughline_budget_capacity{pool=\"network-framework\"}", limit);
        return scene;
    }

    /** How the flows of a hop ended so far. */
    static List<JsonTree> ended(RunningHop hop) {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close"))
                .toList();
    }

    NetworkFrameworkEmulator agent() {
        return agent;
    }

    RunningHop edge() {
        return hops.get("edge");
    }

    RunningHop gateway() {
        return hops.get("gateway");
    }

    private Tuple flow(int source) {
        return Tuple.tcp(new InetSocketAddress("192.0.2.7", source), server.address());
    }

    private static Bytes handle(int source) {
        return Bytes.wrap(new byte[] {(byte) (source >> 8), (byte) source});
    }

    /** An application opens a connection, which the agent hands over to the hop. */
    SceneFlow open(SceneApp app) throws IOException {
        int source = sources.getAndIncrement();
        agent.handedOver(handle(source));
        BridgeHeader header = new BridgeHeader(
                flow(source),
                InterceptionMethod.APP_PROXY_PROVIDER,
                app.identity(),
                Optional.of(handle(source)),
                Optional.empty());
        return begin(app, source, bridge, HeaderWriter.proxy(header.flow(), header.tlvs()));
    }

    /** An application opens a connection, which the agent opens at once: there is no hop that keeps a budget. */
    SceneFlow openWithoutHop(SceneApp app) throws IOException {
        int source = sources.getAndIncrement();
        agent.handedOver(handle(source));
        BridgeRequest.Open request = new BridgeRequest.Open(flow(source), Optional.of(handle(source)));
        return begin(app, source, agentSocket, request.encode());
    }

    private SceneFlow begin(SceneApp app, int source, Path socket, Bytes first) throws IOException {
        long began = System.nanoTime();
        BridgeAgent end = BridgeAgent.connect(socket);
        AtomicBoolean tired = new AtomicBoolean();
        Future<?> patience = clock.schedule(
                () -> {
                    tired.set(true);
                    // Its connection stays as it is: the system doesn't know that nobody waits for it any more.
                    end.socket().shutdownInput();
                    return true;
                },
                PATIENCE.toMillis(),
                TimeUnit.MILLISECONDS);
        Optional<String> failure;
        try {
            BridgeAnswer answer = end.send(first.toByteArray()).answer();
            failure = answer instanceof BridgeAnswer.Failed(String reason) ? Optional.of(reason) : Optional.empty();
        } catch (IOException e) {
            failure = Optional.of(tired.get() ? "hangs" : e.toString());
        }
        patience.cancel(false);
        return new SceneFlow(app, source, failure, Duration.ofNanos(System.nanoTime() - began), end);
    }

    /** How a flow is opened. */
    interface Opening {
        SceneFlow of(SceneApp app) throws IOException;
    }

    /** One application opens this many connections and keeps them; each open one carries a byte there and back. */
    List<SceneFlow> hold(SceneApp app, int count, Opening opening) throws IOException {
        return hold(app, count, opening, AT_ONCE);
    }

    /** Opens connections with this many concurrent attempts. */
    List<SceneFlow> hold(SceneApp app, int count, Opening opening, int atOnce) throws IOException {
        Semaphore free = new Semaphore(atOnce);
        List<Future<SceneFlow>> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            free.acquireUninterruptibly();
            all.add(threads.submit(() -> {
                try {
                    SceneFlow flow = opening.of(app);
                    return flow.stands() ? flow.converse() : flow;
                } finally {
                    free.release();
                }
            }));
        }
        return results(all);
    }

    /** Other applications open a connection after the other each, say something, and close it. */
    List<SceneFlow> comeAndGo(int apps, int times, Opening opening) throws IOException {
        return comeAndGo(apps, times, opening, apps);
    }

    /** Repeats it with this many concurrent connections. */
    List<SceneFlow> comeAndGo(int apps, int times, Opening opening, int atOnce) throws IOException {
        Semaphore free = new Semaphore(atOnce);
        List<Future<List<SceneFlow>>> all = new ArrayList<>();
        for (int i = 1; i <= apps; i++) {
            SceneApp app = new SceneApp("Modest" + i, 2_000 + i);
            all.add(threads.submit(() -> {
                List<SceneFlow> flows = new ArrayList<>();
                for (int j = 0; j < times; j++) {
                    free.acquire();
                    try (SceneFlow flow = opening.of(app)) {
                        flows.add(flow.stands() ? flow.converse() : flow);
                    } finally {
                        free.release();
                    }
                }
                return flows;
            }));
        }
        return results(all).stream().flatMap(List::stream).toList();
    }

    private static <T> List<T> results(List<Future<T>> all) throws IOException {
        List<T> results = new ArrayList<>();
        for (Future<T> each : all) {
            try {
                results.add(each.get());
            } catch (ExecutionException e) {
                throw new IOException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
        return results;
    }

    /** Runs while {@code until} doesn't hold: each flow carries a letter there and back, again and again. */
    Future<?> keepBusy(List<SceneFlow> flows, AtomicBoolean until) {
        return threads.submit(() -> {
            while (!until.get()) {
                for (SceneFlow flow : flows) {
                    flow.converse();
                }
            }
            return true;
        });
    }

    /** What {@code throughline flows top} says of hop {@code edge}. */
    List<String> top(int rows) throws IOException {
        Process top = new ProcessBuilder(Program.throughline(
                        "flows",
                        "top",
                        "--by",
                        "executable",
                        "-n",
                        Integer.toString(rows),
                        "-c",
                        hops.config("edge").toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return top.inputReader().lines().toList();
    }

    @Override
    public void close() throws IOException {
        hops.close();
        agent.close();
        server.close();
        threads.shutdownNow();
        clock.shutdownNow();
    }
}
