package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.budget.LimitClass;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.NatException;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Cidr;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.platform.linux.PinnedFile;
import dev.throughline.platform.linux.StrictModes;
import dev.throughline.policy.Policy;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetSocketAddress;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** The reader of a hop's configuration file. Paths in it are relative to the file. */
public final class ConfigReader {
    private final Path file;
    private final Section.Problems problems;

    private ConfigReader(Path file) {
        this.file = file;
        this.problems = new Section.Problems(file.toString());
    }

    /**
     * Reads {@code file}.
     *
     * @throws ConfigException with all problems
     * @throws IOException if it can't be read
     */
    public static HopConfig read(Path file) throws ConfigException, IOException {
        return new ConfigReader(file).parse(Files.readString(file));
    }

    /**
     * Reads {@code file} for running a hop. Rejects a file that other users can write, since it decides where all flows
     * go.
     *
     * @throws ConfigException with all problems
     * @throws IOException if it can't be read, or if users other than root and this process's user can write it
     */
    public static HopConfig readToRun(Path file) throws ConfigException, IOException {
        return new ConfigReader(file).parse(readStrictly(file, StrictModes.ofThisProcess()));
    }

    private static String readStrictly(Path file, StrictModes modes) throws IOException {
        try (PinnedFile opened = modes.open(file)) {
            Optional<String> problem = StrictModes.writableByOthers(file, opened);
            if (problem.isPresent()) {
                throw new FileSystemException(file.toString(), null, problem.get());
            }
            return Files.readString(opened.path());
        }
    }

    /**
     * Returns conflicts that would prevent the hop from starting on this host although each value is valid: two uses of
     * one address or file, and existing files. A hop detects them at start; {@code check} reports them before.
     *
     * @throws ConfigException with all problems
     * @throws IOException if it can't be read
     */
    public static List<ConfigProblem> problemsAtStart(Path file) throws ConfigException, IOException {
        ConfigReader reader = new ConfigReader(file);
        reader.parse(readStrictly(file, StrictModes.ofCommand(file)));
        return reader.problems.atStart();
    }

    private HopConfig parse(String text) throws ConfigException {
        Optional<HopConfig> config = Optional.empty();
        try {
            // Duplicate keys are allowed here because Section reports them together with all other problems.
            LoadSettings settings = LoadSettings.builder()
                    .setAllowDuplicateKeys(true)
                    .setLabel(file.toString())
                    .build();
            Optional<Node> root = new Compose(settings).composeReader(new StringReader(text));
            if (root.isEmpty()) {
                problems.add(Optional.empty(), "the file is empty (deploy/examples has one for each role)");
            } else {
                try (Section section = new Section(problems, root.get(), "the configuration")) {
                    config = hop(section);
                }
            }
        } catch (MarkedYamlEngineException e) {
            problems.add(e.getProblemMark(), "not YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            problems.add(Optional.empty(), "not YAML: " + e.getMessage());
        }
        if (!problems.found().isEmpty() || config.isEmpty()) {
            throw new ConfigException(problems.found());
        }
        return config.get();
    }

    private Optional<HopConfig> hop(Section root) {
        Optional<String> name = root.required("hop", ConfigReader::hopName);
        Optional<HopIdentity> identity = root.required("host", ConfigReader::hostName)
                .flatMap(host -> name.map(hop -> new HopIdentity(hop, host)));
        Optional<KeyPaths> keys = keys(root);
        MarkConfig marks = new MarkConfig(
                root.optional("mark", Values::mark, 0), ImmutableList.copyOf(root.list("later-marks", Values::mark)));
        EngineChoice engine =
                root.optional("engine", text -> Values.word(text, EngineChoice.WORDS), EngineChoice.EPOLL);
        AddressConflicts own = new AddressConflicts();
        keys.ifPresent(paths -> own.take(paths.own(), "\"key\""));
        keys.flatMap(KeyPaths::trust).ifPresent(file -> own.take(file, "\"trust\""));
        ImmutableList<ListenerConfig> listeners = new ListenerReader(this::path, own, engine).read(root);
        Limits limits = limits(root);
        TransportReader transporting = new TransportReader(this::path, engine);
        ImmutableMap<String, TransportConfig> transports = transporting.read(root);
        RouteReader routing = new RouteReader(root, transporting.names(), limits.tcp());
        Optional<RouteConfig> defaultRoute = routing.defaultRoute();
        ImmutableMap<String, RouteConfig> routes = routing.namedRoutes();
        BudgetReader budgeting = new BudgetReader(root);
        BudgetConfig budget = budgeting.budget();
        ImmutableMap<String, LimitClass> classes = budgeting.classes();
        Policy policy = new PolicyReader(routing.names(), budgeting.names()).read(root);
        boolean failOpen = root.optional("fail-open", Values::flag, false);
        InterceptionConfig interception = interception(root);
        keys.flatMap(KeyPaths::commandLine).ifPresent(file -> own.take(file, "\"command-line-key\""));
        transports.forEach((called, transport) -> own.take(transport.socket(), "the socket of transport " + called));
        HeaderConfig headers = headers(root);
        LogConfig log = log(root);
        Optional<AdminConfig> admin = name.map(hop -> admin(root, hop, own));
        checkTogether(
                root,
                engine,
                marks,
                listeners,
                Stream.concat(defaultRoute.stream(), routes.values().stream()).toList(),
                budget);
        if (identity.isEmpty() || keys.isEmpty() || defaultRoute.isEmpty() || admin.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new HopConfig(
                identity.get(),
                keys.get(),
                marks,
                listeners,
                new RoutingConfig(policy, defaultRoute.get(), routes, classes, transports),
                engine,
                budget,
                failOpen,
                interception,
                headers,
                limits,
                log,
                admin.get()));
    }

    private Optional<KeyPaths> keys(Section root) {
        Optional<Path> own = root.required("key", this::path);
        Optional<Path> trust = root.optional("trust", this::path);
        try (Section identity = root.section("identity")) {
            Optional<Path> commandLine = identity.optional("command-line-key", this::path);
            return own.map(key -> new KeyPaths(key, trust, commandLine));
        }
    }

    private static HeaderConfig headers(Section root) {
        List<NatException> nat = natExceptions(root);
        List<Cidr> healthCheckers = root.list("health-checkers", Cidr::parse);
        int tlv = root.optional("tlv-type", text -> Values.integer(text, 0xE0, 0xEF), ChainTlv.STANDARD.type());
        return new HeaderConfig(new ChainTlv(tlv), ImmutableList.copyOf(nat), ImmutableList.copyOf(healthCheckers));
    }

    /** Checks settings that are valid alone but not together. */
    private static void checkTogether(
            Section root,
            EngineChoice engine,
            MarkConfig marks,
            List<ListenerConfig> listeners,
            List<RouteConfig> routes,
            BudgetConfig budget) {
        if (listeners.isEmpty() && root.isEmpty("listeners")) {
            root.problem("listeners", "\"listeners\" is missing or empty: a hop needs at least one");
        }
        if (!root.has("trust") && listeners.stream().anyMatch(ListenerConfig::requiresHeader)) {
            root.problem(
                    "trust", "\"trust\" is missing: a listener that requires a header needs the keys to verify it");
        }
        boolean intercepts = listeners.stream().anyMatch(ListenerConfig.Intercepting.class::isInstance);
        boolean guarded = routes.stream().anyMatch(RouteConfig.HopByInterception.class::isInstance);
        if (engine == EngineChoice.NIO) {
            checkWithoutMarks(root, guarded);
        } else if (!root.has("mark") && (intercepts || guarded)) {
            root.problem("mark", "\"mark\" is missing: interception needs it to recognise this hop's own connections");
        }
        RouteConfig.problemTogether(routes).ifPresent(problem -> root.problem("routes", problem));
        for (String hop : budget.nextHops().keySet()) {
            if (routes.stream().noneMatch(route -> route.to().equals(hop))) {
                root.problem(
                        "budget",
                        "\"next-hops\" limits flows to \"" + hop + "\", but no route goes to it"
                                + Suggestion.among(
                                        routes.stream()
                                                .map(RouteConfig::to)
                                                .distinct()
                                                .toList(),
                                        hop));
            }
        }
        if (marks.own() != 0 && marks.later().contains(marks.own())) {
            root.problem("later-marks", "\"later-marks\" contains this hop's own mark");
        }
        Set<String> names = new HashSet<>();
        for (ListenerConfig listener : listeners) {
            if (!names.add(listener.name())) {
                root.problem("listeners", "duplicate listener name \"" + listener.name() + "\"");
            }
        }
    }

    /** Reports what the engine {@code nio} can't mark. */
    private static void checkWithoutMarks(Section root, boolean guarded) {
        if (root.has("mark")) {
            root.problem("mark", EngineChoice.nioHasNo("marks (SO_MARK): remove \"mark\", or use \"engine: epoll\""));
        }
        if (guarded) {
            root.problem(
                    "engine",
                    EngineChoice.nioHasNo(
                            "marks, which routes \"by: interception\" need: give them \"at\", or use \"engine: epoll\""));
        }
    }

    private static InterceptionConfig interception(Section root) {
        InterceptionConfig d = InterceptionConfig.DEFAULTS;
        try (Section interception = root.section("interception")) {
            return new InterceptionConfig(
                    interception.optional("repair", Values::flag, d.repair()),
                    interception.optional(
                            "canary",
                            text -> text.equals("off")
                                    ? Optional.empty()
                                    : Optional.of(Values.duration(text, Duration.ofSeconds(1), Duration.ofHours(1))),
                            d.canary()),
                    interception.optional("owned-table", Values::flag, d.ownedTable()),
                    ImmutableList.copyOf(interception.list("mark-uids", Values::uid)));
        }
    }

    private static List<NatException> natExceptions(Section root) {
        return root.sections("nat-exceptions", "a NAT exception").stream()
                .flatMap(item -> {
                    try (item) {
                        Optional<HopId> from = item.required("from", HopId::of);
                        Optional<HopId> to = item.required("to", HopId::of);
                        Optional<Cidr> egress = item.required("egress", Cidr::parse);
                        return from.flatMap(f -> to.flatMap(t -> egress.map(e -> new NatException(f, t, e)))).stream();
                    }
                })
                .toList();
    }

    private static Limits limits(Section root) {
        Limits d = Limits.DEFAULTS;
        Duration tick = Duration.ofMillis(100);
        Duration day = Duration.ofDays(1);
        try (Section limits = root.section("limits")) {
            int halfOpen =
                    limits.optional("half-open-headers", t -> Values.integer(t, 1, 1_000_000), d.halfOpenHeaders());
            int total = limits.optional(
                    "half-open-headers-total", t -> Values.integer(t, 1, 1_000_000), d.halfOpenHeadersTotal());
            if (total < halfOpen) {
                limits.problem(
                        limits.has("half-open-headers-total") ? "half-open-headers-total" : "half-open-headers",
                        "the limit for all peers is " + total
                                + " half-open headers (half-open-headers-total), less than that for one, " + halfOpen);
            }
            return new Limits(
                    limits.optional("flows", t -> Values.integer(t, 1, 1_000_000), d.flows()),
                    limits.optional("event-loops", t -> OptionalInt.of(Values.integer(t, 1, 1024)), d.eventLoops()),
                    halfOpen,
                    total,
                    limits.optional("header-failures", t -> Values.integer(t, 1, 1_000_000), d.headerFailures()),
                    limits.optional(
                            "header-failures-window",
                            t -> Values.duration(t, tick, Duration.ofMinutes(10)),
                            d.headerFailuresWindow()),
                    limits.optional(
                            "remembered-chains", t -> Values.integer(t, 1_000, 100_000_000), d.rememberedChains()),
                    limits.optional("connect-notes", t -> Values.integer(t, 0, 16_777_216), d.connectNotes()),
                    limits.optional("connect-timeout", t -> Values.duration(t, tick, day), d.connectTimeout()),
                    limits.optional(
                            "header-timeout", t -> Values.duration(t, tick, Duration.ofMinutes(1)), d.headerTimeout()),
                    limits.optional(
                            "idle-timeout", t -> Values.duration(t, tick, Duration.ofDays(30)), d.idleTimeout()),
                    limits.optional(
                            "half-closed-timeout",
                            t -> Values.duration(t, tick, Duration.ofDays(30)),
                            d.halfClosedTimeout()),
                    TcpTimeoutsReader.read(limits, d.tcp()),
                    limits.optional("drain", t -> Values.duration(t, Duration.ZERO, day), d.drain()),
                    limits.optional(
                            "signing-pace",
                            t -> Values.duration(t, Duration.ZERO, Duration.ofMillis(100)),
                            d.signingPace()),
                    limits.optional("ttl", t -> Values.duration(t, tick, VerifierSettings.MAX_TTL), d.ttl()),
                    limits.optional("skew", t -> Values.duration(t, Duration.ZERO, VerifierSettings.MAX_TTL), d.skew()),
                    limits.optional("hops", t -> Values.integer(t, 1, Chain.HARD_HOP_LIMIT), d.hops()));
        }
    }

    private static LogConfig log(Section root) {
        try (Section log = root.section("log")) {
            return new LogConfig(log.optional("open-lines", Values::flag, LogConfig.DEFAULTS.openLines()));
        }
    }

    private AdminConfig admin(Section root, String name, AddressConflicts own) {
        Path run = Path.of("/run/throughline", name);
        try (Section admin = root.section("admin")) {
            Path socket = admin.optional("socket", this::path, run.resolve("admin.sock"));
            Values.socketPathProblem(socket).ifPresent(problem -> admin.problem("socket", problem));
            Values.ownSocketProblem(socket)
                    .or(() -> own.take(socket, "the admin socket"))
                    .ifPresent(problem -> admin.startProblem("socket", problem));
            Path pidFile = admin.optional("pid-file", this::path, socket.resolveSibling("pid"));
            if (admin.has("pid-file")) {
                Values.pidFileProblem(pidFile)
                        .or(() -> own.take(pidFile, "the pid file"))
                        .ifPresent(problem -> admin.startProblem("pid-file", problem));
            }
            Optional<InetSocketAddress> metrics = admin.optional("metrics", Values::listenAddress);
            metrics.flatMap(address -> own.listen(address, "\"metrics\""))
                    .ifPresent(problem -> admin.startProblem("metrics", problem));
            ImmutableSet<String> metricsHosts = ImmutableSet.copyOf(admin.list("metrics-hosts", Values::dnsName));
            if (metrics.isEmpty() && !metricsHosts.isEmpty()) {
                admin.problem("metrics-hosts", "\"metrics-hosts\" needs a \"metrics\" address");
            }
            return new AdminConfig(
                    socket, ImmutableSet.copyOf(admin.list("uids", Values::uid)), pidFile, metrics, metricsHosts);
        }
    }

    private Path path(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("expected a path");
        }
        return file.toAbsolutePath().resolveSibling(text).normalize();
    }

    static String hopName(String text) {
        HopId.of(text);
        return text;
    }

    private static String hostName(String text) {
        HostId.of(text);
        return text;
    }
}
