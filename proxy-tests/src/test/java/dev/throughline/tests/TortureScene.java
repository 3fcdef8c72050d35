package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Closer;
import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.demo.SceneApp;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Hops with one engine, between applications and destinations of this JVM. Tests see sockets, the flow log and the metrics only.
 *
 * <ul>
 *   <li>{@code first} has listeners for every {@link Route} and {@link Target}.
 *   <li>{@code second} is the next hop of {@code first} for {@link Route#TWO_HOPS}.
 *   <li>{@code impatient} connects to the same destinations as {@code first}, with short deadlines.
 * </ul>
 */
final class TortureScene implements AutoCloseable {
    static final Duration IDLE_TIMEOUT = Duration.ofMillis(800);
    static final Duration HALF_CLOSED_TIMEOUT = Duration.ofMillis(250);
    static final String HELD = "throughline_buffers_used_bytes";

    /** The code that relays flows. A new engine is a new constant, and passes the same tests. */
    enum Engine {
        EPOLL("", true),
        /**
         * Java's channels. Beside the missing agents, tests may not expect that a silent flow notices a reset behind bytes that the hop
         * can't forward, or after the end of that side, before it reads or writes; nor that a completed flow was acknowledged.
         */
        NIO("engine: nio\n", false);

        /** The lines of a hop's configuration that choose it. */
        private final String configuration;

        /** Whether it can identify the process of an agent. Without that there is no {@link Route#AGENT}. */
        private final boolean agents;

        Engine(String configuration, boolean agents) {
            this.configuration = configuration;
            this.agents = agents;
        }

        List<Route> routes() {
            return Stream.of(Route.values())
                    .filter(route -> agents || route != Route.AGENT)
                    .toList();
        }
    }

    /** How a flow gets from the application to the destination. */
    enum Route {
        IPV4,
        IPV6,
        /** The application's side is the Unix socket of a bridge listener. */
        AGENT,
        /** IPv4, then IPv6 between two hops, then IPv4. */
        TWO_HOPS;

        List<String> hops() {
            return this == TWO_HOPS ? ImmutableList.of("first", "second") : ImmutableList.of("first");
        }

        String lastHop() {
            return hops().getLast();
        }
    }

    /** What the destination of a flow does. */
    enum Target {
        ACCEPTS,
        /** Doesn't answer a SYN. */
        SILENT,
        /** Refuses a SYN with a reset. */
        REFUSES
    }

    enum Side {
        APPLICATION("inbound"),
        DESTINATION("outbound");

        /** The word for this side in the close reasons of a hop. */
        private final String word;

        Side(String word) {
            this.word = word;
        }

        Side other() {
            return this == APPLICATION ? DESTINATION : APPLICATION;
        }

        String resetReason() {
            return word + "-reset";
        }
    }

    /** Both ends of an open flow. */
    record OpenFlow(Route route, FlowEnd application, FlowEnd destination, InetSocketAddress to)
            implements AutoCloseable {
        FlowEnd end(Side side) {
            return side == Side.APPLICATION ? application : destination;
        }

        @Override
        public void close() throws IOException {
            application.close();
            destination.close();
        }
    }

    private record Key(String hop, Route route, Target target) {}

    private static final SceneApp APP = new SceneApp("App", 7);
    private static final AtomicInteger AGENT_PORTS = new AtomicInteger(10_000);

    private final Loopback net = Loopback.own();
    private final Closer closer = Closer.create();
    private final Path folder;
    private final Engine engine;
    private final Hops hops;
    private final InetSocketAddress second = Loopback.ipv6();
    private final InetSocketAddress viaScripted = net.at(1, 16999);
    private final Destination scripted;
    private final Map<Route, Destination> destinations = new EnumMap<>(Route.class);
    private final Map<Route, InetSocketAddress> silent = new EnumMap<>(Route.class);
    private final Map<Route, InetSocketAddress> nobody = new EnumMap<>(Route.class);
    private final Map<Key, InetSocketAddress> listeners = new HashMap<>();

    private TortureScene(Path folder, Engine engine) throws IOException {
        this.folder = folder;
        this.engine = engine;
        this.hops = new Hops(folder, Host.THIS).keys("first", "second", "impatient");
        closer.register(hops::close);
        this.scripted = Destination.at(net.address(7));
        closer.register(scripted::close);
        for (Route route : Route.values()) {
            InetAddress address = host(route);
            Destination destination = Destination.at(address);
            closer.register(destination::close);
            destinations.put(route, destination);
            silent.put(route, silent(address));
            try (Destination closed = Destination.at(address)) {
                nobody.put(route, closed.address());
            }
        }
    }

    static TortureScene start(Path folder, Engine engine) throws IOException {
        TortureScene scene = new TortureScene(folder, engine);
        try {
            scene.configure();
            scene.hops.start("first", "second", "impatient");
            return scene;
        } catch (IOException e) {
            scene.close();
            throw e;
        }
    }

    /** The address decides about the route: see the policy of {@code first}. */
    private InetAddress host(Route route) {
        return switch (route) {
            case IPV4, AGENT -> net.address(9);
            case IPV6 -> InetAddresses.forString("::1");
            case TWO_HOPS -> net.address(8);
        };
    }

    private InetSocketAddress silent(InetAddress address) throws IOException {
        Destination full = Destination.withFullQueue(address);
        closer.register(full::close);
        for (int i = 0; i < 2; i++) {
            End queued = End.connect(full.address());
            closer.register(queued::close);
        }
        return full.address();
    }

    private void configure() throws IOException {
        String agents =
                engine.agents ? "  - { name: agents, mode: bridge, socket: %s.bridge, agents: [{ uid: %s }] }\n" : "";
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        hops.configure(
                "first",
                engine.configuration
                        + "listeners:\n"
                        + agents.formatted("first", uid)
                        + listeners("first")
                        + plain("scripted", viaScripted, net.at(6, 80))
                        + """
                        route: { to: destination }
                        routes:
                          chained: { to: second, at: "%s" }
                          scripted: { to: scripted, at: "%s" }
                        policy:
                          - { name: chained, when: { destination: %s/32 }, then: { route: chained } }
                          - { name: scripted, when: { destination: %s/32 }, then: { route: scripted } }
                          - { name: rest, then: allow }
                        """.formatted(
                                        Tuple.text(second),
                                        Tuple.text(scripted.address()),
                                        net.address(8).getHostAddress(),
                                        net.address(6).getHostAddress()));
        hops.configure("second", engine.configuration + """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(Tuple.text(second)));
        hops.configure(
                "impatient",
                engine.configuration
                        + "listeners:\n"
                        + agents.formatted("impatient", uid)
                        + listeners("impatient")
                        + """
                        route: { to: destination }
                        limits: { idle-timeout: %dms, half-closed-timeout: %dms }
                        """.formatted(IDLE_TIMEOUT.toMillis(), HALF_CLOSED_TIMEOUT.toMillis()));
    }

    private String listeners(String hop) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Route route : Route.values()) {
            for (Target target : Target.values()) {
                if (route != Route.AGENT) {
                    InetSocketAddress at = route == Route.IPV6 ? Loopback.ipv6() : net.at(1, 17_001 + listeners.size());
                    listeners.put(new Key(hop, route, target), at);
                    text.append(plain("l" + at.getPort(), at, address(route, target)));
                }
            }
        }
        return text.toString();
    }

    private static String plain(String name, InetSocketAddress at, InetSocketAddress to) {
        return "  - { name: %s, mode: transparent, by: plain, address: \"%s\", destination: \"%s\" }\n"
                .formatted(name, Tuple.text(at), Tuple.text(to));
    }

    InetSocketAddress address(Route route, Target target) {
        return switch (target) {
            case ACCEPTS -> destinations.get(route).address();
            case SILENT -> silent.get(route);
            case REFUSES -> nobody.get(route);
        };
    }

    /** The routes of one hop that the engine has. */
    List<Route> routesOfOneHop() {
        return engine.routes().stream().filter(route -> route != Route.TWO_HOPS).toList();
    }

    RunningHop hop(String name) {
        return hops.get(name);
    }

    /** Skips a test of a route that the engine doesn't have. */
    private void assumeHas(Route route) {
        assumeTrue(engine.routes().contains(route), () -> engine + " has no route " + route);
    }

    /** An application, connected to {@code hop}, whose flow goes to {@code target}. An agent has not read the answer. */
    FlowEnd connect(String hop, Route route, Target target) throws IOException {
        assumeHas(route);
        if (route != Route.AGENT) {
            return new FlowEnd.Tcp(End.connect(listeners.get(new Key(hop, route, target))));
        }
        InetSocketAddress source = new InetSocketAddress("192.0.2.7", AGENT_PORTS.getAndIncrement());
        BridgeHeader header = new BridgeHeader(
                Tuple.tcp(source, address(route, target)),
                InterceptionMethod.APP_PROXY_PROVIDER,
                APP.identity(),
                Optional.empty(),
                Optional.empty());
        BridgeAgent agent = BridgeAgent.connect(folder.resolve(hop + ".bridge")).handOver(header);
        return new FlowEnd.Agent(agent, source);
    }

    /** Returns whether an application whose destination refuses the connection gets a reset, possibly as soon as it connects. */
    boolean isRefused(Route route) throws IOException {
        return End.isRefused(Optional.empty(), listeners.get(new Key("first", route, Target.REFUSES)), 0);
    }

    OpenFlow open(Route route) throws IOException {
        return open("first", route);
    }

    OpenFlow open(String hop, Route route) throws IOException {
        FlowEnd application = connect(hop, route, Target.ACCEPTS);
        try {
            if (application instanceof FlowEnd.Agent agent) {
                assertThat(agent.agent().answer()).isEqualTo(new BridgeAnswer.Connected());
            }
            Destination destination = destinations.get(route);
            return new OpenFlow(route, application, new FlowEnd.Tcp(destination.accept()), destination.address());
        } catch (IOException e) {
            application.close();
            throw e;
        }
    }

    /** A flow without hops, for comparison. */
    OpenFlow openDirect(Route route) throws IOException {
        assumeHas(route);
        Destination destination = destinations.get(route);
        FlowEnd application = new FlowEnd.Tcp(End.connect(destination.address()));
        return new OpenFlow(route, application, new FlowEnd.Tcp(destination.accept()), destination.address());
    }

    /** An application whose next hop is {@link #acceptNextHop}. */
    End connectToScriptedHop() throws IOException {
        return End.connect(viaScripted);
    }

    /** The connection of {@code first} to a next hop that the test plays. */
    End acceptNextHop() throws IOException {
        return scripted.accept();
    }

    /** A connection to {@code second}, as a previous hop opens it. */
    End connectToSecond() throws IOException {
        return End.connect(second);
    }

    /** The previous hop {@code first}, played by the test towards {@code second}. */
    PreviousHop previousHop() {
        return new PreviousHop(hops.key("first"), "second");
    }

    End accept(Route route) throws IOException {
        return destinations.get(route).accept();
    }

    /** Asserts that every hop of the route logs the end of this flow with {@code reason}. */
    void assertClosed(OpenFlow flow, String reason) {
        assertClosed(flow.route().hops(), flow.application().source(), flow.to(), reason);
    }

    void assertClosed(List<String> names, InetSocketAddress source, InetSocketAddress to, String reason) {
        for (String name : names) {
            assertThat(hops.get(name).closedOf(source, to).text("reason"))
                    .as("reason at %s", name)
                    .isEqualTo(reason);
        }
    }

    /** Waits until {@code hop} has one open flow, in {@code stage}. */
    void awaitStage(String hop, String stage) {
        await(hop + " has a flow that is " + stage)
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(5))
                .until(
                        () -> hops.get(hop).flows().stream()
                                .map(flow -> flow.text("stage"))
                                .toList(),
                        List.of(stage)::equals);
    }

    /** Returns the most bytes that a hop holds now. */
    double heldBytes(Route route) throws IOException {
        double most = 0;
        for (String hop : route.hops()) {
            most = Math.max(most, hops.get(hop).metric(HELD));
        }
        return most;
    }

    /** Waits until no hop has a flow or memory of one. */
    void awaitNothingLeft() {
        for (String name : List.of("first", "second", "impatient")) {
            hops.get(name).awaitMetric("throughline_flows_open", 0);
            hops.get(name).awaitMetric(HELD, 0);
        }
    }

    /** Returns the log line of the end of the flow from {@code source}. */
    JsonTree closed(String hop, InetSocketAddress source, InetSocketAddress to) {
        return hops.get(hop).closedOf(source, to);
    }

    @Override
    public void close() throws IOException {
        closer.close();
    }
}
