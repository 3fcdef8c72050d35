package dev.throughline.hop;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.ImmutableSortedMap;
import dev.throughline.budget.PoolRule;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.config.ListenerConfig;
import dev.throughline.engine.Engine;
import dev.throughline.engine.ListenOptions;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.flow.Accounts;
import dev.throughline.flow.BatchSigner;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FairQueue;
import dev.throughline.flow.FlowBudget;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.flow.FlowServices;
import dev.throughline.flow.FlowTable;
import dev.throughline.flow.HalfOpenHeaders;
import dev.throughline.flow.HeaderFailures;
import dev.throughline.flow.KeyContext;
import dev.throughline.flow.NextHop;
import dev.throughline.flow.Route;
import dev.throughline.flow.RoutingTable;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.intercept.AcceptQueues;
import dev.throughline.intercept.ApplicationRule;
import dev.throughline.intercept.Canaries;
import dev.throughline.intercept.Listener;
import dev.throughline.intercept.StrandedSockets;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.Trust;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.originator.HopId;
import dev.throughline.platform.linux.Conntrack;
import dev.throughline.policy.Policy;
import dev.throughline.relay.BufferMemory;
import dev.throughline.report.FlowJson;
import dev.throughline.report.FlowLog;
import dev.throughline.transport.BsdSocket;
import dev.throughline.transport.GuardedTransport;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flows of this process to itself before its listeners open. The virtual machine interprets code at first and compiles what has run
 * some hundred times; until then a flow costs more than ten times as much, and a hop that restarts on a busy host would be
 * unreachable for seconds. The flows go from an application over two hops to a destination, all in this process and on loopback, with
 * keys, budget, log and metrics of their own, which are thrown away.
 */
final class WarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

    /** More would wait for each other, and fewer would leave a processor idle. */
    private static final int AT_ONCE_ON_A_LOOP = 4;
    /** On a host that is too busy for this, listening is more urgent. */
    private static final Duration LONGEST = Duration.ofSeconds(1);

    private static final int CAPACITY = 1000;
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final ApplicationRule RULE = new ApplicationRule();
    private static final ImmutableList<String> TRANSPORTS = ImmutableList.of(BsdSocket.NAME);
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final Engine engine;
    private final ImmutableList<EventLoop> loops;
    private final FlowServices services;
    private final int mark;
    private final FlowJson json;
    private final StrandedSockets stranded;
    private final Conntrack conntrack;

    /**
     * Creates a warm-up.
     *
     * @param services those of the hop, whose settings and identification are used
     * @param mark of the hop's connections, which no hop intercepts; 0 for none
     * @param json for the lines of its log
     */
    WarmUp(
            Engine engine,
            List<EventLoop> loops,
            FlowServices services,
            int mark,
            FlowJson json,
            Conntrack conntrack,
            StrandedSockets stranded) {
        this.engine = engine;
        this.loops = ImmutableList.copyOf(loops);
        this.services = services;
        this.mark = mark;
        this.json = json;
        this.conntrack = conntrack;
        this.stranded = stranded;
    }

    /** Opens {@code flows} flows. A hop works without it, so that it only reports what fails. */
    void run(int flows) {
        if (flows <= 0) {
            return;
        }
        long begin = System.nanoTime();
        boolean complete;
        try (Resources resources = new Resources()) {
            complete = run(flows, resources);
        } catch (IOException | KeyFormatException e) {
            LOG.info("starts without warm-up: {}", e.getMessage());
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        long millis = Duration.ofNanos(System.nanoTime() - begin).toMillis();
        if (complete) {
            LOG.info("warmed up by {} flows in {} ms", flows, millis);
        } else {
            LOG.info("ended the warm-up after {} ms, before its {} flows", millis, flows);
        }
    }

    private boolean run(int flows, Resources resources) throws IOException, KeyFormatException, InterruptedException {
        PrivateKey first = PrivateKey.generate("warm-up-1", RANDOM);
        PrivateKey second = PrivateKey.generate("warm-up-2", RANDOM);
        ListeningSocket destination = engine.listen(
                loops,
                ANY_PORT,
                new ListenOptions(CAPACITY, false, false, 0, TcpTimeouts.NONE),
                AT_ONCE_ON_A_LOOP,
                WarmUpTraffic::echo);
        resources.add(destination);
        InetSocketAddress to = (InetSocketAddress) destination.address();

        FlowServices last = services("warm-up-2", second, trust(first), new NextHop.Destination(), resources);
        Listener chain = listener(new ListenerConfig.Chain("warm-up-2", ANY_PORT), last, resources);
        NextHop next = new NextHop.At("warm-up-2", ImmutableList.of(chain.address()), HeaderProfile.NORMAL);
        FlowServices origin = services("warm-up-1", first, Trust.NOBODY, next, resources);
        Listener apps = listener(new ListenerConfig.Forward("warm-up-1", ANY_PORT, to), origin, resources);

        WarmUpTraffic.Applications applications = new WarmUpTraffic.Applications(engine, apps.address(), mark, flows);
        resources.add(applications::stop);
        return applications.run(loops, AT_ONCE_ON_A_LOOP, LONGEST);
    }

    /** In operation, a hop refuses connections of its own process. */
    private static Optional<FlowRejectedException> ownProcess(SocketIdentity owner) {
        var _ = RULE.objection(owner);
        return Optional.empty();
    }

    private Trust trust(PrivateKey key) throws KeyFormatException {
        return Trust.parse("warm-up", key.publicKey().toText() + " origin=*\n");
    }

    private Listener listener(ListenerConfig config, FlowServices of, Resources resources) throws IOException {
        AcceptQueues queues = resources.add(new AcceptQueues(1, OptionalLong.empty()));
        Listener listener = resources.add(new Listener(
                engine,
                config,
                loops,
                of,
                conntrack,
                stranded,
                0,
                new Canaries(),
                queues,
                CAPACITY,
                WarmUp::ownProcess));
        listener.start();
        return listener;
    }

    /** Returns the services of one of the two hops. */
    private FlowServices services(String hop, PrivateKey key, Trust trust, NextHop next, Resources resources) {
        VerifierSettings settings = new VerifierSettings(
                HopId.of(hop),
                Instant.ofEpochMilli(services.clock().millis()),
                VerifierSettings.DEFAULT_SKEW,
                VerifierSettings.DEFAULT_MAX_HOPS,
                ImmutableList.of());
        KeyContext keys = new KeyContext(
                new Verifier(settings, trust, ChainTlv.STANDARD, new ReplayWindow(CAPACITY)),
                ImmutableSortedMap.of(Instant.MIN, new Signer(key, RANDOM)));
        Route route = new Route(next, TRANSPORTS, services.settings().tcp());
        RoutingTable routing = new RoutingTable(Policy.NONE, route, ImmutableMap.of(), ImmutableMap.of());
        HopMetrics metrics = new HopMetrics();
        FlowLog log = resources.add(FlowLog.start(json, false, Channels.newChannel(OutputStream.nullOutputStream())));
        log.addLoops(loops);
        FlowBudget budget = resources.add(new FlowBudget(
                CAPACITY,
                PoolRule.DEFAULT,
                CAPACITY,
                new Accounts(services.settings().host(), uid -> uid),
                Object::toString,
                metrics.budget(ImmutableSet.of(), ImmutableSet.of(BsdSocket.NAME))));
        budget.pool(BsdSocket.NAME, CAPACITY).pool(FlowBudget.toHop(next.name()), CAPACITY);
        FlowTable table = new FlowTable(CAPACITY);
        resources.add(() -> table.stopAll(CloseReason.STOPPED));
        return new FlowServices(
                services.settings(),
                services.owners(),
                () -> keys,
                () -> routing,
                new HalfOpenHeaders(CAPACITY, CAPACITY, CAPACITY, System::nanoTime),
                new HeaderFailures(CAPACITY, Duration.ofMinutes(1), CAPACITY, System::nanoTime),
                new FairQueue(CAPACITY),
                new FairQueue(CAPACITY),
                budget,
                ImmutableMap.of(
                        BsdSocket.NAME, new GuardedTransport(new BsdSocket(engine, mark, Duration.ofSeconds(1)))),
                new BatchSigner(Duration.ZERO),
                table,
                FlowEvents.all(List.of(log, metrics)),
                new BufferMemory(Long.MAX_VALUE),
                services.clock(),
                services.ids());
    }
}
