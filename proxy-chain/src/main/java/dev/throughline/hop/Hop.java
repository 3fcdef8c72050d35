package dev.throughline.hop;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.admin.AdminPages;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.VerifiedBatches;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.config.ConfigSource;
import dev.throughline.config.EngineChoice;
import dev.throughline.config.HopConfig;
import dev.throughline.config.Limits;
import dev.throughline.config.ListenerConfig;
import dev.throughline.engine.Engine;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.engine.nio.NioEngine;
import dev.throughline.flow.BatchSigner;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FairQueue;
import dev.throughline.flow.FlowBudget;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowIds;
import dev.throughline.flow.FlowServices;
import dev.throughline.flow.FlowSettings;
import dev.throughline.flow.FlowTable;
import dev.throughline.flow.HalfOpenHeaders;
import dev.throughline.flow.HeaderFailures;
import dev.throughline.flow.KeyContext;
import dev.throughline.flow.MemoryPressure;
import dev.throughline.header.HeaderLimits;
import dev.throughline.identify.CommandLineHash;
import dev.throughline.identify.IdentificationMonitor;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.ebpf.TracerStartup;
import dev.throughline.intercept.AcceptQueues;
import dev.throughline.intercept.ApplicationRule;
import dev.throughline.intercept.Canaries;
import dev.throughline.intercept.ConfiguredRules;
import dev.throughline.intercept.Listener;
import dev.throughline.intercept.RulePlan;
import dev.throughline.intercept.StrandedSockets;
import dev.throughline.keys.HopKeys;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.platform.linux.BootClock;
import dev.throughline.platform.linux.Conntrack;
import dev.throughline.platform.linux.NetworkNamespace;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.ServiceManager;
import dev.throughline.platform.linux.SocketDiag;
import dev.throughline.relay.BufferMemory;
import dev.throughline.report.BudgetJson;
import dev.throughline.report.FlowJson;
import dev.throughline.report.FlowLog;
import dev.throughline.report.IdNames;
import dev.throughline.report.Reload;
import dev.throughline.report.WhoJson;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running hop: the composition root, the only class that depends on all packages. {@link #start} opens everything or throws;
 * {@link #drain} lets flows finish; {@link #close} ends the others.
 */
public final class Hop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Hop.class);

    private final HopConfig config;
    private final HopSizes sizes;
    private final NextHopPorts ports;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    private final HopMetrics metrics = new HopMetrics();
    private final LivePolicy policy;
    private final LiveKeys keys;
    private final ClockWatch clockWatch;
    private final FlowTable table;
    private final FairQueue acceptedConnections;
    private final FairQueue newFlows;
    private final HeaderFailures headerFailures;
    private final List<Listener> listeners = new ArrayList<>();
    private final Resources resources = new Resources();
    private final Engine engine;
    private final EventLoops loops;
    private final Map<String, Executor> watchedThreads = new LinkedHashMap<>();
    private final Readiness readiness = new Readiness();
    private final InterceptionControl interception = new InterceptionControl(resources, readiness, metrics);
    private volatile @Nullable KeyWatch keyWatch;
    private volatile @Nullable FlowLog flowLog;

    /** Creates a hop with a fixed configuration. A reload reads only its key files again. */
    public Hop(HopConfig config, HopKeys keys, Clock clock) {
        this(config, keys, clock, () -> config, HopSizes.of(config, ImmutableSet.of(), ProcessLimits.ofThisProcess()));
    }

    /** Creates a hop of these sizes. A reload reads {@code source} again for the policy and the paths of key files. */
    public Hop(HopConfig config, HopKeys keys, Clock clock, ConfigSource source, HopSizes sizes) {
        this.config = config;
        this.engine = switch (config.engine()) {
            case EPOLL -> new EpollEngine(sizes.pipesOfLoop());
            case NIO -> new NioEngine();
        };
        this.loops = new EventLoops(engine, resources);
        this.sizes = sizes;
        this.ports = NextHopPorts.of(config);
        this.clock = clock;
        this.table = new FlowTable(sizes.rows());
        this.acceptedConnections = new FairQueue(sizes.accepted());
        this.newFlows = new FairQueue(sizes.arriving() / 2);
        this.headerFailures = new HeaderFailures(
                config.limits().headerFailures(),
                config.limits().headerFailuresWindow(),
                HeaderFailures.MAX_PEERS,
                System::nanoTime);
        ReplayWindow replays = new ReplayWindow(sizes.rememberedChains());
        VerifiedBatches batches = new VerifiedBatches(VerifiedBatches.DEFAULT_CAPACITY);
        VerifierSettings settings = new VerifierSettings(
                HopId.of(config.identity().name()),
                Instant.ofEpochMilli(clock.millis()),
                config.limits().skew(),
                config.limits().hops(),
                config.headers().natExceptions());
        this.policy = new LivePolicy(config, metrics::rules);
        this.keys = new LiveKeys(config, source, keys, settings, replays, batches, random, clock, policy);
        this.clockWatch = new ClockWatch(clock, new BootClock()::nanos, System::nanoTime, this::onClockSet);
        metrics.bind(table);
        metrics.bind(new AcceptMetrics(acceptedConnections));
        metrics.bind(headerFailures);
        metrics.bind(new ChainMetrics(replays, batches));
        metrics.bind(this.keys);
        metrics.bind(clockWatch);
    }

    private void onClockSet(Instant now) {
        keys.clockSet(now);
        headerFailures.forgetAll();
        checkKeys();
    }

    private KeyContext currentKeys() {
        clockWatch.check();
        return keys.keyContext();
    }

    /** Opens everything. Listeners come last, so that each accepted connection can be served. */
    public void start() throws IOException {
        readTimeZones();
        sizes.lowered().forEach(LOG::warn);
        try {
            open();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Loads the JDK's time zones, which circuit breakers need with their first result. If no descriptor is left when they are
     * first needed, the classes that load them fail for good, and no breaker ever opens.
     */
    private static void readTimeZones() {
        LOG.debug("time zone: {}", ZoneId.systemDefault());
    }

    private void open() throws IOException {
        IdNames names = new IdNames(
                () -> keys.keys().trust(),
                config.identity().name(),
                config.identity().host());
        FlowJson json = new FlowJson(config.identity().name(), names);
        FlowLog log = resources.add(FlowLog.start(json, config.log().openLines()));
        flowLog = log;
        metrics.bind(new OutputMetrics(log));
        EventLoopGroup flowLoops = loops.start("event loop", sizes.eventLoops());
        log.addLoops(flowLoops);
        AcceptQueues queues = resources.add(new AcceptQueues(sizes.queues(), networkNamespace()));
        ProcessIdentifier identifier = identifier(queues);
        FlowBudget budget = resources.add(BudgetFactory.create(config, sizes, ports, names, metrics));
        readiness.add(() -> budget.shortages().recent().stream().toList());
        Transports transports = resources.add(new Transports(engine, config, budget, identifier, flowLoops.next()));
        transports.all().values().forEach(metrics::bind);
        Conntrack conntrack = resources.add(Conntrack.open());
        StrandedSockets stranded = resources.add(new StrandedSockets(conntrack, SocketDiag.open(), SocketDiag.open()));
        metrics.bind(stranded);
        FlowServices services =
                flowServices(FlowEvents.all(List.of(log, metrics, stranded)), names, identifier, budget, transports);
        new WarmUp(engine, EventLoops.of(flowLoops), services, config.marks().own(), json, conntrack, stranded)
                .run(Integer.getInteger("throughline.warm-up", 0));
        EventLoopGroup adminLoop = loops.startForAdmin("admin event loop");
        schedule(adminLoop.next());
        AdminPages pages = adminPages(json, identifier, budget, transports);
        resources.add(AdminInterface.start(config, pages, adminLoop, budget.shortages(), sizes.adminConnections()));
        resources.add(PidFile.write(config.admin().pidFile(), random));
        Optional<RulePlan> rules = ConfiguredRules.of(config);
        Canaries canaries = new Canaries();
        for (ListenerConfig listener : config.listeners()) {
            int answerMark = rules.filter(plan -> listener instanceof ListenerConfig.Intercepting)
                    .map(plan -> plan.answerMark(listener.name()))
                    .orElse(0);
            Listener started = resources.add(new Listener(
                    engine,
                    listener,
                    EventLoops.of(flowLoops),
                    services,
                    conntrack,
                    stranded,
                    answerMark,
                    canaries,
                    queues,
                    sizes.waitingPerQueue(),
                    new ApplicationRule()));
            listeners.add(started);
            started.start();
        }
        if (rules.isPresent()) {
            interception.start(rules.get(), config.interception(), listeners, canaries, flowLoops, budget.shortages());
        }
        watchThreads(identifier, budget);
        readiness.started();
    }

    private static OptionalLong networkNamespace() {
        try {
            return OptionalLong.of(NetworkNamespace.cookie());
        } catch (OsException e) {
            return OptionalLong.empty();
        }
    }

    private ProcessIdentifier identifier(AcceptQueues queues) throws IOException {
        ProcessIdentifier identifier = resources.add(ProcessIdentifier.open(
                IdentifyLimits.NORMAL, keys.keys().commandLine().map(CommandLineHash::new)));
        IdentificationMonitor monitor = resources.add(new IdentificationMonitor(
                identifier, () -> TracerStartup.begin(config.limits().connectNotes())));
        if (config.engine() == EngineChoice.EPOLL) {
            monitor.addUser(tracer -> queues.use(tracer.map(running -> running::queueByUser)));
        }
        monitor.watch();
        watchedThreads.put("process identification check", monitor.executor());
        metrics.bind(identifier);
        metrics.bind(monitor);
        return identifier;
    }

    private FlowServices flowServices(
            FlowEvents events, IdNames names, ProcessIdentifier identifier, FlowBudget budget, Transports transports) {
        Limits limits = config.limits();
        FlowSettings settings = new FlowSettings(
                HostId.of(config.identity().host()),
                config.headers().chainTlv(),
                HeaderLimits.NORMAL,
                config.headers().healthCheckers(),
                limits.headerTimeout(),
                limits.idleTimeout(),
                limits.halfClosedTimeout(),
                limits.tcp(),
                ports.kept(),
                limits.ttl());
        HalfOpenHeaders halfOpenHeaders = new HalfOpenHeaders(
                Math.min(limits.halfOpenHeaders(), sizes.halfOpenHeaders()),
                sizes.halfOpenHeaders(),
                HalfOpenHeaders.MAX_PROVEN,
                System::nanoTime);
        BatchSigner batchSigner = new BatchSigner(limits.signingPace());
        BufferMemory buffers = new BufferMemory(sizes.bufferBytes());
        buffers.onFull(new MemoryPressure(table, budget, buffers, names::of));
        metrics.bind(halfOpenHeaders);
        metrics.bind(batchSigner);
        metrics.bind(buffers);
        return new FlowServices(
                settings,
                identifier,
                this::currentKeys,
                policy::routingTable,
                halfOpenHeaders,
                headerFailures,
                acceptedConnections,
                newFlows,
                budget,
                ImmutableMap.copyOf(transports.all()),
                batchSigner,
                table,
                events,
                buffers,
                clock,
                new FlowIds(random));
    }

    private AdminPages adminPages(
            FlowJson json, ProcessIdentifier identifier, FlowBudget budget, Transports transports) {
        WhoJson whoJson = new WhoJson(json);
        return new AdminPages(
                        table,
                        json,
                        () -> BudgetJson.of(budget.pools(), budget.waiting(), transports.views()),
                        metrics,
                        this::notReadyReasons,
                        this::reload,
                        interception::redirect,
                        tuple -> identifier
                                .identify(tuple)
                                .thenApply(owner -> whoJson.ofHop(tuple, table.find(tuple), owner)))
                .withUnresponsive(identifier::hanging);
    }

    private void schedule(EventLoop loop) {
        KeyWatch watch = new KeyWatch(keys, clock, loop);
        keyWatch = watch;
        watch.check();
        loop.scheduleWithFixedDelay(clockWatch::checkAgain, 1, 1, TimeUnit.SECONDS);
        loop.scheduleWithFixedDelay(HeapTrim.ofThisProcess(table::started)::check, 0, 2, TimeUnit.SECONDS);
    }

    private void checkKeys() {
        KeyWatch watch = keyWatch;
        if (watch != null) {
            watch.check();
        }
    }

    private void watchThreads(ProcessIdentifier identifier, FlowBudget budget) {
        watchedThreads.putAll(loops.threads());
        watchedThreads.putAll(identifier.threads());
        watchedThreads.put("budget clock", budget.clock());
        Watchdog watchdog = resources.add(
                new Watchdog(watchedThreads, ServiceManager.ofThisProcess()::notify, System::nanoTime).start());
        readiness.add(watchdog::stuck);
    }

    /**
     * Reloads keys and policy. Open flows continue unchanged; the new keys apply to the next header, and the new policy to the
     * next flow.
     */
    public Reload reload() {
        Reload reload = keys.reload();
        metrics.reloaded(reload.applied());
        checkKeys();
        return reload;
    }

    /** Returns why this hop should get no new flows; empty if it is ready. */
    public List<String> notReadyReasons() {
        return readiness.notReadyReasons();
    }

    /** Returns the number of open flows. */
    public int flows() {
        return table.size();
    }

    /**
     * Stops accepting connections and lets open flows finish.
     *
     * @return whether all finished before {@code deadline} expired or the thread was interrupted
     */
    public boolean drain(Duration deadline) {
        readiness.draining();
        interception.drain();
        listeners.forEach(Listener::close);
        long end = System.nanoTime() + deadline.toNanos();
        try {
            while (table.size() > 0 && System.nanoTime() < end) {
                Thread.sleep(20);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return table.size() == 0;
    }

    /** Ends every open flow with {@code reason}. */
    public void stopFlows(CloseReason reason) {
        table.stopAll(reason);
        drain(Duration.ofSeconds(2));
    }

    /** Writes the lines of the flow log that are not written yet, for at most two seconds. Later lines are lost. */
    public void closeLog() {
        FlowLog log = flowLog;
        if (log != null) {
            log.close();
        }
    }

    /** Closes everything that {@link #start} opened, last first. */
    @Override
    public void close() {
        keyWatch = null;
        resources.close();
    }
}
