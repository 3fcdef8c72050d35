package dev.throughline;

import com.google.common.collect.Collections2;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.admin.AdminPages;
import dev.throughline.admin.AdminServer;
import dev.throughline.budget.PoolView;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.VerifiedBatches;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.config.ConfigSource;
import dev.throughline.config.HopConfig;
import dev.throughline.config.HopKeys;
import dev.throughline.config.Limits;
import dev.throughline.config.ListenerConfig;
import dev.throughline.ebpf.TracerStartup;
import dev.throughline.flow.Accounts;
import dev.throughline.flow.BatchSigner;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FairQueue;
import dev.throughline.flow.FlowBudget;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowServices;
import dev.throughline.flow.FlowTable;
import dev.throughline.flow.HalfOpenHeaders;
import dev.throughline.flow.HeaderFailures;
import dev.throughline.flow.HostShortages;
import dev.throughline.flow.KeyContext;
import dev.throughline.flow.MemoryPressure;
import dev.throughline.header.HeaderLimits;
import dev.throughline.identify.CommandLineHash;
import dev.throughline.identify.IdentificationMonitor;
import dev.throughline.identify.IdentificationStatus;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.OwnProcess;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.SubordinateUids;
import dev.throughline.intercept.AcceptQueues;
import dev.throughline.intercept.Canaries;
import dev.throughline.intercept.ConfiguredRules;
import dev.throughline.intercept.InterceptionPart;
import dev.throughline.intercept.InterceptionWatcher;
import dev.throughline.intercept.Listener;
import dev.throughline.intercept.RulePlan;
import dev.throughline.intercept.StrandedSockets;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.ProcessId;
import dev.throughline.os.BootClock;
import dev.throughline.os.Conntrack;
import dev.throughline.os.ConntrackUsage;
import dev.throughline.os.FileStatus;
import dev.throughline.os.NetworkNamespace;
import dev.throughline.os.NewFile;
import dev.throughline.os.OsException;
import dev.throughline.os.SafeFile;
import dev.throughline.os.ServiceManager;
import dev.throughline.os.SocketDiag;
import dev.throughline.relay.BufferMemory;
import dev.throughline.report.BudgetJson;
import dev.throughline.report.FlowJson;
import dev.throughline.report.FlowLog;
import dev.throughline.report.IdNames;
import dev.throughline.report.Reload;
import dev.throughline.report.StandardError;
import dev.throughline.report.WhoJson;
import dev.throughline.transport.BsdSocket;
import dev.throughline.transport.EpollLoops;
import dev.throughline.transport.GuardedTransport;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running hop: the composition root, the only class that knows all packages. {@link #start} opens everything or throws;
 * {@link #drain} lets flows finish; {@link #close} ends what is left.
 */
public final class Hop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Hop.class);
    private static final int PID_FILE_MODE = 0644;

    private final HopConfig config;
    private final Sizes sizes;
    private final NextHopPorts ports;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    private final ReplayWindow replays;
    private final VerifiedBatches verified = new VerifiedBatches(VerifiedBatches.DEFAULT_CAPACITY);
    private final LivePolicy policy;
    private final LiveKeys keys;
    private final HopMetrics metrics = new HopMetrics();
    private final FlowTable table;
    private final FairQueue accepted;
    private final FairQueue arrivals;
    private final List<Listener> listeners = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private volatile @Nullable String notReady = "starting";
    private volatile @Nullable InterceptionWatcher interception;
    private volatile @Nullable KeyWatch keyWatch;
    private volatile @Nullable HostShortages shortages;
    private volatile @Nullable ConntrackWatch conntrackWatch;
    private volatile @Nullable Watchdog watchdog;
    private final Map<String, Executor> watched = new LinkedHashMap<>();
    private volatile @Nullable HeaderFailures headerFailures;
    private final ClockWatch clockWatch;

    /** A hop with a fixed configuration; its key files are read again on reload. */
    public Hop(HopConfig config, HopKeys keys, Clock clock) {
        this(config, keys, clock, () -> config, Sizes.of(config, ImmutableSet.of(), ProcessLimits.ofThisProcess()));
    }

    /**
     * A hop of these sizes that reads {@code source} again, for its policy and to find its files of keys, on reload
     * reload.
     */
    public Hop(HopConfig config, HopKeys keys, Clock clock, ConfigSource source, Sizes sizes) {
        this.config = config;
        this.sizes = sizes;
        this.ports = NextHopPorts.of(config);
        this.clock = clock;
        this.table = new FlowTable(sizes.rows());
        this.accepted = new FairQueue(sizes.accepted());
        this.arrivals = new FairQueue(sizes.arriving() / 2);
        this.replays = new ReplayWindow(sizes.rememberedChains());
        VerifierSettings settings = new VerifierSettings(
                HopId.of(config.name()),
                Instant.ofEpochMilli(clock.millis()),
                config.limits().skew(),
                config.limits().hops(),
                config.natExceptions());
        this.policy = new LivePolicy(config, metrics::rules);
        this.keys = new LiveKeys(config, source, keys, settings, replays, verified, random, clock, policy);
        this.clockWatch = new ClockWatch(clock, new BootClock()::nanos, this::clockSet);
    }

    private void clockSet(Instant now) {
        keys.clockSet(now);
        HeaderFailures failures = headerFailures;
        if (failures != null) {
            failures.forgive();
        }
        lookAtKeys();
    }

    private KeyContext authority() {
        clockWatch.check();
        return keys.authority();
    }

    /** Opens everything, listeners last: a connection that is taken can be served. */
    public void start() throws IOException {
        readTimeZones();
        sizes.lowered().forEach(LOG::warn);
        try {
            IdNames names = new IdNames(() -> keys.keys().trust(), config.name(), config.host());
            FlowJson json = new FlowJson(config.name(), names);
            FlowLog log = opened(FlowLog.start(json));
            metrics.counter(
                    "throughline.log.dropped",
                    "Flow log lines lost because standard output was full, closed or not read",
                    log::dropped);
            metrics.counter(
                    "throughline.messages.dropped",
                    "Log messages lost because standard error was full, closed or not read",
                    StandardError::dropped);
            metrics.counter(
                    "throughline.connections.refused",
                    "Connections reset before their flow started, because too many of their user were waiting",
                    accepted::refused);
            metrics.gauge(
                    "throughline.connections.waiting", "Connections that wait for their user's turn", accepted::size);
            EventLoopGroup accepting = loops("accept loop", 1);
            EventLoopGroup loops = loops("event loop", Runtime.getRuntime().availableProcessors());
            AcceptQueues queues = opened(new AcceptQueues(sizes.queues(), networkNamespace()));
            ProcessIdentifier identifier = identifier(config.limits(), queues);
            FlowBudget budget = budget(names);
            Transports transports = transports(budget, identifier, loops);
            Conntrack conntrack = opened(Conntrack.open());
            Canaries canaries = new Canaries();
            StrandedSockets stranded = opened(new StrandedSockets(conntrack, SocketDiag.open(), SocketDiag.open()));
            metrics.counter(
                    "throughline.interception.aborted",
                    "Sockets of applications aborted because a reset could not reach them",
                    stranded::aborted);
            metrics.counter(
                    "throughline.interception.abort.skipped",
                    "Sockets of applications not searched for and not aborted, because the queue was full",
                    stranded::skipped);
            FlowServices parts = parts(List.of(log, metrics, stranded), names, identifier, budget, transports);
            startAdmin(json, identifier, budget, transports);
            writePidFile(config.admin().pidFile());
            Optional<RulePlan> rules = ConfiguredRules.of(config);
            for (ListenerConfig listener : config.listeners()) {
                int answerMark = rules.filter(plan -> listener instanceof ListenerConfig.Intercepting)
                        .map(plan -> plan.answerMark(listener.name()))
                        .orElse(0);
                Listener started = opened(new Listener(
                        listener,
                        accepting,
                        loops,
                        parts,
                        conntrack,
                        stranded,
                        answerMark,
                        canaries,
                        queues,
                        sizes.waitingOfAQueue()));
                listeners.add(started);
                started.start();
            }
            watchInterception(canaries, loops);
            watched.putAll(identifier.threads());
            watched.put("budget clock", budget.clock());
            watchdog = opened(new Watchdog(watched, ServiceManager.ofThisProcess()::notify, System::nanoTime).start());
            notReady = null;
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Breakers need them with their first result. The JDK reads them when they are first asked for: if no descriptor is left by
     * then, the classes that ask fail for good, and no breaker ever opens.
     */
    private static void readTimeZones() {
        LOG.debug("time zone: {}", ZoneId.systemDefault());
    }

    private FlowServices parts(
            List<FlowEvents> observers,
            IdNames names,
            ProcessIdentifier identifier,
            FlowBudget budget,
            Transports transports) {
        Limits limits = config.limits();
        HalfOpenHeaders halfOpen = new HalfOpenHeaders(
                Math.min(limits.halfOpenHeaders(), sizes.halfOpenHeaders()),
                sizes.halfOpenHeaders(),
                HalfOpenHeaders.MAX_PROVEN,
                System::nanoTime);
        HeaderFailures failures = new HeaderFailures(
                limits.headerFailures(), limits.headerFailuresWindow(), HeaderFailures.MAX_PEERS, System::nanoTime);
        headerFailures = failures;
        metrics.gauge("throughline.flows.open", "Open flows", table::size);
        metrics.gauge("throughline.headers.half.open", "Connections with an incomplete header", halfOpen::size);
        metrics.counter(
                "throughline.headers.half.open.lost",
                "Connections with an incomplete header closed because the limit was reached",
                halfOpen::lost);
        metrics.counter("throughline.headers.failed", "Headers that failed because of their peer", failures::count);
        metrics.gauge("throughline.headers.failing.peers", "Peers with recent header failures", failures::peers);
        metrics.gauge("throughline.chains.remembered", "Unexpired chains in the replay store", replays::size);
        metrics.counter("throughline.identify.lookups", "Lookups of the owner of a socket", identifier::lookups);
        metrics.counter(
                "throughline.identify.failures", "Failed lookups of the owner of a socket", identifier::failures);
        metrics.counter(
                "throughline.identify.scans",
                "Searches of /proc for the processes that hold sockets",
                identifier::scans);
        metrics.counter(
                "throughline.identify.abandoned",
                "Reads of files and processes abandoned because a file system or process did not respond",
                identifier::abandonedReads);
        metrics.counter(
                "throughline.identify.skipped",
                "Reads skipped because the file system or process did not respond before",
                identifier::skippedReads);
        metrics.gauge(
                "throughline.identify.hanging",
                "File systems and users whose files or processes do not respond now",
                () -> identifier.hanging().size());
        BufferMemory buffers = new BufferMemory(sizes.bufferBytes());
        buffers.onFull(new MemoryPressure(table, budget, buffers, names::of));
        metrics.gauge("throughline.buffers.used.bytes", "Memory used by buffers of flows", buffers::used);
        metrics.gauge(
                "throughline.buffers.limit.bytes",
                "Limit of the memory for buffers; above it, flows of the user who uses most are closed",
                buffers::limit);
        metrics.counter(
                "throughline.identify.hashes.refused",
                "Executables not hashed because too many of their user were queued",
                identifier::refusedHashes);
        return new FlowServices(
                HostId.of(config.host()),
                identifier,
                this::authority,
                config.chainTlv(),
                HeaderLimits.NORMAL,
                halfOpen,
                failures,
                config.healthCheckers(),
                policy::directions,
                accepted,
                arrivals,
                budget,
                ImmutableMap.copyOf(transports.all()),
                batchSigner(limits),
                table,
                FlowEvents.all(observers),
                limits.headerTimeout(),
                limits.idleTimeout(),
                limits.halfClosedTimeout(),
                limits.tcp(),
                ports.kept(),
                buffers,
                limits.ttl(),
                clock,
                random);
    }

    private Transports transports(FlowBudget budget, ProcessIdentifier identifier, EventLoopGroup loops) {
        Transports transports = opened(new Transports(config, budget, identifier, loops.next()));
        transports.all().forEach((name, guarded) -> {
            for (GuardedTransport.State state : GuardedTransport.State.values()) {
                metrics.gauge(
                        "throughline.transport.breaker",
                        "1 for the current state of the transport's circuit breaker",
                        List.of("transport", name, "state", state.toString()),
                        () -> guarded.state() == state ? 1 : 0);
            }
        });
        return transports;
    }

    private FlowBudget budget(IdNames names) {
        ImmutableSet<String> transports = ImmutableSet.<String>builder()
                .add(BsdSocket.NAME)
                .addAll(config.transports().keySet())
                .build();
        ImmutableSet<String> pools = ImmutableSet.<String>builder()
                .add(FlowBudget.HOP)
                .addAll(transports)
                .addAll(Collections2.transform(config.budget().nextHops().keySet(), FlowBudget::toHop))
                .addAll(Collections2.transform(ports.pools().keySet(), FlowBudget::portsTo))
                .build();
        FlowBudget budget = opened(new FlowBudget(
                sizes.places(),
                config.budget().rule(),
                sizes.waiting(),
                new Accounts(HostId.of(config.host()), SubordinateUids.ofThisHost()::owner),
                names::of,
                metrics.budget(pools, transports)));
        // An agent's places are those that it says.
        transports.forEach(name -> budget.pool(name, name.equals(BsdSocket.NAME) ? sizes.places() : 0));
        config.budget().nextHops().forEach((hop, flows) -> budget.pool(FlowBudget.toHop(hop), flows));
        ports.pools().forEach((hop, count) -> budget.pool(FlowBudget.portsTo(hop), count));
        for (PoolView pool : budget.pools()) {
            String name = pool.name();
            metrics.gauge(
                    "throughline.budget.in.use",
                    "Slots in use",
                    List.of("pool", name),
                    () -> pool(budget, name).inUse());
            metrics.gauge(
                    "throughline.budget.capacity",
                    "Total number of slots",
                    List.of("pool", name),
                    () -> pool(budget, name).capacity());
            for (String reason : FlowBudget.SHORTAGES) {
                waiting(budget, name, reason);
            }
        }
        waiting(budget, FlowBudget.CLASS, FlowBudget.CAP);
        metrics.counter(
                "throughline.accepts.refused",
                "Connections reset because there was no descriptor or the kernel had no memory",
                budget.shortages()::refusedAccepts);
        shortages = budget.shortages();
        return budget;
    }

    private void waiting(FlowBudget budget, String pool, String reason) {
        metrics.gauge(
                "throughline.budget.waiting",
                "Flows that wait for a slot",
                List.of("pool", pool, "reason", reason),
                () -> budget.waiting(pool, reason));
    }

    private static PoolView pool(FlowBudget budget, String name) {
        return budget.pools().stream()
                .filter(pool -> pool.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static OptionalLong networkNamespace() {
        try {
            return OptionalLong.of(NetworkNamespace.cookie());
        } catch (OsException e) {
            return OptionalLong.empty();
        }
    }

    private ProcessIdentifier identifier(Limits limits, AcceptQueues queues) throws IOException {
        ProcessIdentifier identifier = opened(ProcessIdentifier.open(
                IdentifyLimits.NORMAL, keys.keys().commandLine().map(CommandLineHash::new)));
        IdentificationMonitor evidence =
                opened(new IdentificationMonitor(identifier, () -> TracerStartup.begin(limits.connectNotes())));
        evidence.alsoFor(notes -> queues.use(notes.map(taken -> taken::queueByUser)));
        evidence.watch();
        watched.put("process identification check", evidence.executor());
        for (Evidence level : IdentificationStatus.LEVELS) {
            metrics.gauge(
                    "throughline.identify.evidence",
                    "1 for the best evidence that is available for processes of this host",
                    List.of("level", level.toString()),
                    () -> evidence.inForce().map(IdentificationStatus::best).equals(Optional.of(level)) ? 1 : 0);
        }
        return identifier;
    }

    private BatchSigner batchSigner(Limits limits) {
        BatchSigner batches = new BatchSigner(limits.signingPace());
        metrics.counter("throughline.signatures", "Signatures made", batches::signatures);
        metrics.counter("throughline.chains.signed", "Links signed; one signature can serve many", batches::chains);
        metrics.counter(
                "throughline.batches.hits", "Links of batches whose signature was verified before", verified::hits);
        metrics.counter(
                "throughline.batches.misses", "Links of batches whose signature had to be verified", verified::misses);
        return batches;
    }

    private EventLoopGroup loops(String name, int threads) throws IOException {
        NativeLibrary.prepare();
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(threads, EpollLoops.newFactory());
        int number = 1;
        for (EventExecutor loop : loops) {
            watched.put(name + " " + number++, loop);
        }
        open.add(() -> loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly());
        return loops;
    }

    /** On a loop of its own: the admin interface answers while flows keep the others busy. */
    private void startAdmin(FlowJson json, ProcessIdentifier identifier, FlowBudget budget, Transports transports)
            throws IOException {
        WhoJson whoJson = new WhoJson(json);
        AdminPages pages = new AdminPages(
                        table,
                        json,
                        () -> BudgetJson.of(budget.pools(), budget.waiting(), transports.views()),
                        metrics,
                        this::obstacles,
                        this::reload,
                        this::redirect,
                        tuple -> identifier
                                .identify(tuple)
                                .thenApply(owner -> whoJson.ofHop(tuple, table.find(tuple), owner)))
                .withHanging(identifier::hanging);
        int ownUid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        ImmutableSet<Integer> uids = ImmutableSet.<Integer>builder()
                .add(0, ownUid)
                .addAll(config.admin().uids())
                .build();
        EventLoopGroup loop = loops("admin event loop", 1);
        watchKeys(loop);
        watchClock(loop);
        AdminServer admin = opened(new AdminServer(loop, pages, uids, budget.shortages(), sizes.adminConnections()));
        admin.listen(config.admin().socket());
        if (config.admin().metrics().isPresent()) {
            ImmutableSet<String> hosts = ImmutableSet.<String>builder()
                    .add(config.host().toLowerCase(Locale.ROOT))
                    .addAll(config.admin().metricsHosts())
                    .build();
            admin.listen(config.admin().metrics().get(), hosts);
        }
    }

    private void watchKeys(EventLoopGroup loop) {
        metrics.gauge(
                "throughline.keys.expiry.seconds",
                "Time until the first trusted key without a successor expires; +Inf if there is none",
                () -> keys.outlook()
                        .untilNextExpiry()
                        .map(left -> (double) left.toSeconds())
                        .orElse(Double.POSITIVE_INFINITY));
        metrics.gauge(
                "throughline.keys.expiring",
                "Trusted keys without a successor that expire within 14 days",
                () -> keys.outlook().expiring());
        metrics.gauge(
                "throughline.keys.rotation.due",
                "1 if this hop's own key expires within 14 days and it has no later key",
                () -> keys.outlook().isRotationDue() ? 1 : 0);
        KeyWatch watch = new KeyWatch(keys, clock, loop.next());
        keyWatch = watch;
        watch.look();
    }

    private void watchClock(EventLoopGroup loop) {
        String description = "Steps of the host's clock";
        metrics.counter(
                "throughline.clock.steps", description, List.of("direction", "forward"), clockWatch::stepsForward);
        metrics.counter("throughline.clock.steps", description, List.of("direction", "back"), clockWatch::stepsBack);
        loop.scheduleWithFixedDelay(clockWatch::check, 1, 1, TimeUnit.SECONDS);
    }

    /**
     * Reads keys and policy anew: for SIGHUP, and for the admin interface. Flows that live go on; the next header is verified,
     * and the next flow decided, by what was read.
     */
    public Reload reload() {
        Reload reload = keys.reload();
        metrics.reloaded(reload.applied());
        lookAtKeys();
        return reload;
    }

    private void lookAtKeys() {
        KeyWatch watch = keyWatch;
        if (watch != null) {
            watch.look();
        }
    }

    private void writePidFile(Path path) throws IOException {
        ProcessId self = OwnProcess.id();
        SafeFile file = opened(SafeFile.own(path));
        // As a whole: the next hop must never read half of it.
        try (NewFile next = file.begin("." + Long.toHexString(random.nextLong()), PID_FILE_MODE)) {
            next.write(self.pid() + " " + self.startTime() + "\n");
            FileStatus written = next.replace();
            open.add(() -> file.deleteIf(written));
        }
    }

    private void watchInterception(Canaries canaries, EventLoopGroup loops) throws IOException {
        Optional<RulePlan> plan = ConfiguredRules.of(config);
        if (plan.isEmpty()) {
            return;
        }
        InterceptionWatcher started =
                opened(InterceptionWatcher.start(plan.get(), config.interception(), listeners, canaries, loops));
        interception = started;
        HostShortages lacking = shortages;
        if (lacking != null) {
            conntrackWatch = new ConntrackWatch(ConntrackUsage::now, lacking).start(loops.next(), metrics);
        }
        metrics.counter(
                "throughline.interception.canaries",
                "Test connections that the hop's rules delivered to its listeners",
                started::canariesArrived);
        for (InterceptionPart part : InterceptionPart.values()) {
            List<String> tags = List.of("part", part.toString());
            metrics.gauge(
                    "throughline.interception.ok",
                    "1 if this part of interception works",
                    tags,
                    () -> started.isWhole(part) ? 1 : 0);
            metrics.counter(
                    "throughline.interception.lost",
                    "How often this part of interception was lost",
                    tags,
                    () -> started.lost(part));
            metrics.counter(
                    "throughline.interception.repaired",
                    "How often this hop repaired this part of interception",
                    tags,
                    () -> started.repaired(part));
        }
    }

    /** Why this hop should get no new flows; nothing if it is ready. */
    public List<String> obstacles() {
        List<String> reasons = new ArrayList<>();
        String reason = notReady;
        if (reason != null) {
            reasons.add(reason);
        }
        HostShortages lacking = shortages;
        if (lacking != null) {
            lacking.lacking().ifPresent(reasons::add);
        }
        InterceptionWatcher watcher = interception;
        if (watcher != null) {
            reasons.addAll(watcher.problems());
        }
        ConntrackWatch conntrack = conntrackWatch;
        if (conntrack != null) {
            conntrack.problem().ifPresent(reasons::add);
        }
        Watchdog dog = watchdog;
        if (dog != null) {
            reasons.addAll(dog.stuck());
        }
        return reasons;
    }

    /** Installs the rules of this hop again, or removes them; for the admin interface. */
    private CompletableFuture<String> redirect(boolean apply) {
        InterceptionWatcher watcher = interception;
        if (watcher == null) {
            return CompletableFuture.failedFuture(new IOException("this hop has no rules, or is starting"));
        }
        return apply ? watcher.apply() : watcher.remove();
    }

    /** How many flows live. */
    public int flows() {
        return table.size();
    }

    /**
     * Takes no more flows and lets those that live finish.
     *
     * @return whether all finished before {@code deadline} was over, or the thread was interrupted
     */
    public boolean drain(Duration deadline) {
        notReady = "draining";
        InterceptionWatcher watcher = interception;
        if (watcher != null) {
            watcher.drain();
        }
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

    /** Ends every flow that is left, with {@code reason}. */
    public void stopFlows(CloseReason reason) {
        table.stopAll(reason);
        drain(Duration.ofSeconds(2));
    }

    /** Closes everything that {@link #start} opened, last first. */
    @Override
    public void close() {
        keyWatch = null;
        for (AutoCloseable resource : open.reversed()) {
            try {
                resource.close();
            } catch (Exception e) {
                LOG.warn("close failed: {}", e.toString());
            }
        }
        open.clear();
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.add(resource);
        return resource;
    }
}
