package dev.throughline.demo;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Closer;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.header.Bytes;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
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
 * Applications on a Mac that share the Network.framework connections of one process, as they do with a transparent
 * proxy. An agent hands their flows over to hop {@code edge}. The hop opens them by the agent up to its limit and by
 * plain sockets beyond, to hop {@code gateway}, which connects to a destination that sends back what it receives. The
 * agent with its system is an emulator; the hops are processes of this program.
 */
public final class AgentScene implements AutoCloseable {
    /** The time that an application waits for a connection. */
    public static final Duration PATIENCE = Duration.ofSeconds(5);

    /** The host of the applications, in all their source addresses. */
    public static final String APPLICATIONS = "192.0.2.7";

    /** Connections that one application opens at the same time. */
    private static final int AT_ONCE = 64;

    private static final String EDGE = "edge";
    private static final String GATEWAY = "gateway";

    private final AtomicInteger sources = new AtomicInteger(10_000);
    private final AtomicInteger opened = new AtomicInteger();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().factory());
    private final Closer closer = Closer.create();
    private final Path folder;
    private final Settings settings;
    private final Program program;
    private final Path agentSocket;
    private final Path bridge;
    private final NetworkFrameworkEmulator agent;
    private final EchoDestination destination;
    private final List<HopProcess> hops = new ArrayList<>();

    /** A source of commands that run this program as another process. */
    public interface Program {
        /** Returns the command for these arguments. */
        List<String> command(String... arguments);
    }

    /**
     * The settings of a scene.
     *
     * @param gateway address at which hop {@code gateway} listens
     * @param destination address at which the destination listens, at a free port
     * @param limit maximum number of connections of the agent's process in the emulated system
     * @param transport more YAML for the agent's transport, which begins with a comma; or empty
     * @param edge more YAML for hop {@code edge}; or empty
     */
    public record Settings(
            InetSocketAddress gateway, InetAddress destination, int limit, String transport, String edge) {}

    /**
     * Starts the agent and the destination, but not the hops.
     *
     * @param folder for keys, configurations and sockets
     */
    public AgentScene(Path folder, Settings settings, Program program) throws IOException {
        this.folder = folder;
        this.settings = settings;
        this.program = program;
        this.agentSocket = folder.resolve("opening.sock");
        this.bridge = folder.resolve("agents.bridge");
        this.agent = NetworkFrameworkEmulator.start(
                agentSocket, NetworkFrameworkEmulator.Settings.limited(settings.limit()));
        closer.register(agent::close);
        this.destination = EchoDestination.start(settings.destination());
        closer.register(destination::close);
    }

    /** Starts the hops, and waits until they are ready. */
    public void startHops() throws IOException {
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        String gateway = Tuple.text(settings.gateway());
        DemoHops configs = DemoHops.in(folder, ImmutableList.of(EDGE, GATEWAY));
        configs.write(EDGE, """
                listeners:
                  - { name: agents, mode: bridge, socket: agents.bridge, agents: [{ uid: %1$s }] }
                transports: { network-framework: { socket: opening.sock, uid: %1$s%2$s } }
                route: { to: gateway, at: "%3$s", over: [network-framework, bsd-socket] }
                %4$s
                """.formatted(uid, settings.transport(), gateway, settings.edge()));
        configs.write(GATEWAY, """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(gateway));
        for (String name : List.of(EDGE, GATEWAY)) {
            HopProcess hop = HopProcess.start(
                    name,
                    new ProcessBuilder(
                            program.command("run", "-c", configs.config(name).toString())));
            closer.register(hop::close);
            hops.add(hop);
        }
        for (HopProcess hop : hops) {
            hop.ready();
        }
        Waiting.until(
                "the hop to learn the agent's limit",
                () -> edgeAdmin().metric("throughline_budget_capacity{pool=\"network-framework\"}")
                        == settings.limit());
    }

    /** Returns the emulated agent. */
    public NetworkFrameworkEmulator agent() {
        return agent;
    }

    /** Returns the hop to which flows are handed over. */
    public HopProcess edge() {
        return hops.getFirst();
    }

    /** Returns the admin interface of {@link #edge}. */
    public HopAdmin edgeAdmin() {
        return new HopAdmin(folder.resolve(EDGE + ".sock"));
    }

    /** Returns the hop that connects to the destination. */
    public HopProcess gateway() {
        return hops.getLast();
    }

    /** Returns how many flows have been opened so far, closed ones included. */
    public int opened() {
        return opened.get();
    }

    private Tuple flow(int source) {
        return Tuple.tcp(new InetSocketAddress(APPLICATIONS, source), destination.address());
    }

    private static Bytes handle(int source) {
        return Bytes.wrap(new byte[] {(byte) (source >> 8), (byte) source});
    }

    /** Opens a flow that the agent hands over to the hop. */
    public SceneFlow open(SceneApp app) throws IOException {
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

    /** Opens a flow at the agent directly: there is no hop with a budget. */
    public SceneFlow openWithoutHop(SceneApp app) throws IOException {
        int source = sources.getAndIncrement();
        agent.handedOver(handle(source));
        BridgeRequest.Open request = new BridgeRequest.Open(flow(source), Optional.of(handle(source)));
        return begin(app, source, agentSocket, request.encode());
    }

    private SceneFlow begin(SceneApp app, int source, Path socket, Bytes first) throws IOException {
        long began = System.nanoTime();
        AgentConnection connection = AgentConnection.connect(socket);
        AtomicBoolean expired = new AtomicBoolean();
        Future<?> patience = clock.schedule(
                () -> {
                    expired.set(true);
                    // The connection stays open: the system doesn't know that the application has stopped waiting.
                    connection.socket().shutdownInput();
                    return true;
                },
                PATIENCE.toMillis(),
                TimeUnit.MILLISECONDS);
        Optional<String> failure;
        try {
            connection.send(first.toByteArray());
            BridgeAnswer answer = AgentConnection.answer(connection.socket());
            failure = answer instanceof BridgeAnswer.Failed(String reason) ? Optional.of(reason) : Optional.empty();
        } catch (IOException e) {
            failure = Optional.of(expired.get() ? "hangs" : e.toString());
        }
        patience.cancel(false);
        if (failure.isEmpty()) {
            opened.incrementAndGet();
        }
        return new SceneFlow(app, source, failure, Duration.ofNanos(System.nanoTime() - began), connection);
    }

    /** A method of opening flows. */
    public interface Opening {
        /** Opens a flow. */
        SceneFlow of(SceneApp app) throws IOException;
    }

    /** Opens {@code count} flows of one application, exchanges a byte on each that opens, and keeps them. */
    public List<SceneFlow> hold(SceneApp app, int count, Opening opening) throws IOException {
        return hold(app, count, opening, AT_ONCE);
    }

    /** Opens and keeps {@code count} flows, at most {@code atOnce} of them at the same time. */
    public List<SceneFlow> hold(SceneApp app, int count, Opening opening, int atOnce) throws IOException {
        Semaphore free = new Semaphore(atOnce);
        List<Future<SceneFlow>> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            free.acquireUninterruptibly();
            all.add(threads.submit(() -> {
                try {
                    SceneFlow flow = opening.of(app);
                    return flow.isOpen() ? flow.echo() : flow;
                } finally {
                    free.release();
                }
            }));
        }
        return results(all);
    }

    /**
     * Opens {@code times} flows one after the other in each of {@code apps} applications, exchanges a byte on each and
     * closes it.
     */
    public List<SceneFlow> openAndClose(int apps, int times, Opening opening) throws IOException {
        return openAndClose(apps, times, opening, apps);
    }

    /** Opens and closes flows like {@link #openAndClose}, with at most {@code atOnce} flows at the same time. */
    public List<SceneFlow> openAndClose(int apps, int times, Opening opening, int atOnce) throws IOException {
        Semaphore free = new Semaphore(atOnce);
        List<Future<List<SceneFlow>>> all = new ArrayList<>();
        for (int i = 1; i <= apps; i++) {
            SceneApp app = new SceneApp("Modest" + i, 2_000 + i);
            all.add(threads.submit(() -> {
                List<SceneFlow> flows = new ArrayList<>();
                for (int j = 0; j < times; j++) {
                    free.acquire();
                    try (SceneFlow flow = opening.of(app)) {
                        flows.add(flow.isOpen() ? flow.echo() : flow);
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

    /** Returns what {@code throughline flows top} prints for hop {@code edge}. */
    public List<String> top(int rows) throws IOException {
        Process top = new ProcessBuilder(program.command(
                        "flows",
                        "top",
                        "--by",
                        "executable",
                        "-n",
                        Integer.toString(rows),
                        "-c",
                        folder.resolve(EDGE + ".yaml").toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return top.inputReader().lines().toList();
    }

    @Override
    public void close() throws IOException {
        threads.shutdownNow();
        clock.shutdownNow();
        closer.close();
    }
}
