package dev.throughline.cli;

import com.google.common.collect.Streams;
import dev.throughline.config.AdminConfig;
import dev.throughline.config.HopConfig;
import dev.throughline.config.Limits;
import dev.throughline.config.ListenerConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.header.Tuple;
import dev.throughline.identify.IdentificationMonitor;
import dev.throughline.identify.IdentificationStatus;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.Users;
import dev.throughline.identify.ebpf.TracerStartup;
import dev.throughline.intercept.ConfiguredRules;
import dev.throughline.intercept.ForeignRule;
import dev.throughline.intercept.ForeignRuleReader;
import dev.throughline.intercept.MarkUsers;
import dev.throughline.intercept.RuleDifference;
import dev.throughline.intercept.RulePlan;
import dev.throughline.intercept.RuleTables;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.HopKeys;
import dev.throughline.keys.KeyExpiryReport;
import dev.throughline.keys.SignatureProvider;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.Conntrack;
import dev.throughline.platform.linux.ConntrackUsage;
import dev.throughline.platform.linux.SearchPath;
import dev.throughline.platform.linux.SocketDiag;
import dev.throughline.platform.linux.SourcePorts;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** The checks of doctor. Each tries the operation that the hop needs; version numbers prove nothing. */
final class DoctorChecks {
    private static final String KERNEL = "kernel";
    private static final String PORTS = "source ports";
    private static final String PROGRAMS = "programs";
    private static final String CAPABILITIES = "capabilities";
    private static final String IDENTITY = "identity";
    private static final String KEYS = "keys";
    private static final String LISTENERS = "listeners";
    private static final String RULES = "rules";
    private static final String RUNNING = "running hop";
    private static final int MAX_PASSING = 20;
    private static final Duration OWNER_PATIENCE = Duration.ofSeconds(2);
    private static final String OTHERS = "rules of other programs";
    private static final String MARKS_PAGE = "see deploy/beside-others.md";

    private final Optional<HopConfig> config;
    /** The file of {@link #config}, for commands in hints; unused if there is none. */
    private final Path file;

    private final List<Finding> findings = new ArrayList<>();

    DoctorChecks() {
        this.config = Optional.empty();
        this.file = Path.of("");
    }

    DoctorChecks(Path file) {
        this.config = Optional.of(ConfigOption.read(file));
        this.file = file;
    }

    List<Finding> findings() {
        kernel();
        programs();
        capabilities();
        identity();
        config.ifPresent(this::keys);
        config.ifPresent(this::listeners);
        config.ifPresent(this::ownFiles);
        config.ifPresent(this::ports);
        config.ifPresent(this::rules);
        config.ifPresent(this::runningHop);
        config.ifPresent(hop -> findings.addAll(ContainmentFindings.of(hop)));
        return List.copyOf(findings);
    }

    private void kernel() {
        findings.add(
                Finding.ok(KERNEL, "Linux " + System.getProperty("os.version") + ", " + System.getProperty("os.arch")));
        try (SocketDiag diag = SocketDiag.open();
                ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
            Tuple tuple = Tuple.tcp((InetSocketAddress) client.getLocalSocketAddress(), (InetSocketAddress)
                    client.getRemoteSocketAddress());
            findings.add(
                    diag.find(tuple).isPresent()
                            ? Finding.ok(KERNEL, "sock_diag finds the owner of a socket")
                            : Finding.error(
                                    KERNEL,
                                    "sock_diag does not find a socket of this process",
                                    "load the module tcp_diag (CONFIG_INET_TCP_DIAG)"));
        } catch (IOException e) {
            findings.add(Finding.error(KERNEL, "sock_diag failed: " + e.getMessage(), "CONFIG_INET_DIAG is needed"));
        }
        try (Conntrack conntrack = Conntrack.open()) {
            InetSocketAddress nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
            conntrack.original(nobody, nobody);
            findings.add(Finding.ok(KERNEL, "conntrack returns the original source of redirected connections"));
            Optional<ConntrackUsage> full = ConntrackUsage.now().filter(usage -> usage.isAt(80));
            if (full.isPresent()) {
                String most = conntrack
                        .largestSource()
                        .map(source -> "; most: " + source.getKey() + ", " + source.getValue())
                        .orElse("");
                findings.add(Finding.warning(
                        KERNEL,
                        full.get() + most,
                        "when it is full, the kernel drops new connections of all applications: find the owner of that"
                                + " socket (ss -anp), or raise net.netfilter.nf_conntrack_max"));
            }
        } catch (IOException e) {
            findings.add(missingSupport(
                    "conntrack failed: " + e.getMessage(), "CAP_NET_ADMIN and nf_conntrack_netlink are needed"));
        }
    }

    private Finding missingSupport(String text, String hint) {
        boolean needed = config.isEmpty()
                || config.get().listeners().stream()
                        .anyMatch(l -> l instanceof ListenerConfig.Intercepting i
                                && i.by() == ListenerConfig.Interception.REDIRECT);
        return needed && config.isPresent() ? Finding.error(KERNEL, text, hint) : Finding.warning(KERNEL, text, hint);
    }

    private void programs() {
        program("nft", "nftables");
        program("ip", "iproute2");
        findings.add(Finding.ok(PROGRAMS, "Ed25519 by " + SignatureProvider.use()));
    }

    private void program(String name, String debianPackage) {
        findings.add(
                SearchPath.find(name).isPresent()
                        ? Finding.ok(PROGRAMS, name)
                        : Finding.warning(
                                PROGRAMS,
                                name + " is not installed",
                                "'redirect' needs it: apt-get install " + debianPackage));
    }

    private void capabilities() {
        try {
            Set<Capability> effective = Capability.effective();
            boolean intercepts = config.map(DoctorChecks::needsMark).orElse(false);
            capability(effective, Capability.NET_ADMIN, intercepts, "marks, TPROXY and rules");
            capability(effective, Capability.SYS_PTRACE, false, "identifying the processes of other users");
            capability(
                    effective, Capability.DAC_READ_SEARCH, false, "reading the descriptors of other users' processes");
            capability(effective, Capability.BPF, false, "tracing connect(2)");
            capability(effective, Capability.PERFMON, false, "tracing executables, parents and scripts");
        } catch (IOException e) {
            findings.add(Finding.error(CAPABILITIES, "can't read capabilities: " + e.getMessage(), "mount /proc"));
        }
    }

    /** Reports the evidence that a hop of this user has for processes, found by identifying one. */
    private void identity() {
        int notes = config.map(HopConfig::limits).orElse(Limits.DEFAULTS).connectNotes();
        try (ProcessIdentifier identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL)) {
            IdentificationStatus found = IdentificationMonitor.probe(identifier, () -> TracerStartup.begin(notes));
            String text = "process identification by " + found.best() + ": " + found.reach();
            findings.add(
                    found.best() == Evidence.UNKNOWN
                            ? Finding.warning(IDENTITY, text, "")
                            : Finding.ok(IDENTITY, text));
            found.missing()
                    .forEach(lack -> findings.add(
                            Finding.warning(IDENTITY, "better evidence is unavailable: " + lack.what(), lack.hint())));
        } catch (IOException e) {
            findings.add(Finding.error(IDENTITY, "can't identify processes: " + e.getMessage(), "mount /proc"));
        }
    }

    private void capability(Set<Capability> effective, Capability capability, boolean needed, String use) {
        if (effective.contains(capability)) {
            findings.add(Finding.ok(CAPABILITIES, capability + ", for " + use));
        } else {
            String text = capability + " is missing, for " + use;
            String hint = "run as root, or as a service with it (deploy/throughline@.service)";
            findings.add(needed ? Finding.error(CAPABILITIES, text, hint) : Finding.warning(CAPABILITIES, text, hint));
        }
    }

    private static boolean needsMark(HopConfig hop) {
        return hop.marks().own() != 0;
    }

    private void keys(HopConfig hop) {
        HopKeys keys;
        try {
            keys = HopKeys.readForCommand(hop);
        } catch (KeyFormatException e) {
            for (String line : String.valueOf(e.getMessage()).lines().toList()) {
                findings.add(Finding.error(KEYS, line, ""));
            }
            return;
        }
        Instant now = Instant.now();
        findings.add(Finding.ok(
                KEYS, "own key " + keys.own().signingAt(now).key().publicKey().id() + ", 0600"));
        new KeyExpiryReport(keys, now)
                .warnings()
                .forEach(warning -> findings.add(Finding.warning(
                        KEYS,
                        warning,
                        "throughline keys list --config " + file + " (deploy/README.md: how to rotate)")));
        for (ListenerConfig listener : hop.listeners()) {
            if (listener instanceof ListenerConfig.PreviousHop previous
                    && isUnknown(previous.previous().hop(), keys.trust(), now)) {
                findings.add(Finding.error(
                        KEYS,
                        "no trusted key of the previous hop "
                                + previous.previous().hop(),
                        "throughline keys trust "
                                + hop.keys().trust().map(Path::toString).orElse("TRUSTFILE")
                                + " KEY --hop, with the key that its 'keys show' prints"));
            }
        }
    }

    private static boolean isUnknown(String hop, Trust trust, Instant now) {
        return Streams.stream(trust.entries())
                .noneMatch(entry -> entry.key().hopName().equals(hop) && entry.state(now) == TrustEntry.State.TRUSTED);
    }

    private void listeners(HopConfig hop) {
        for (ListenerConfig listener : hop.listeners()) {
            if (listener instanceof ListenerConfig.Legacy legacy
                    && legacy.peers().stream().anyMatch(network -> network.prefix() == 0)) {
                findings.add(Finding.warning(
                        LISTENERS,
                        legacy.name() + " accepts unsigned headers from any address",
                        "list the proxies in \"peers\""));
            }
            if (listener instanceof ListenerConfig.Bridge bridge) {
                socket(bridge);
                agents(bridge);
            }
        }
    }

    /** Reports only problems, since every hop has these files. */
    private void ownFiles(HopConfig hop) {
        AdminConfig admin = hop.admin();
        Stream.of(
                        creatable("admin socket " + admin.socket(), admin.socket(), "socket"),
                        creatable("pid file " + admin.pidFile(), admin.pidFile(), "pid-file"))
                .filter(finding -> finding.level() != Finding.Level.OK)
                .forEach(findings::add);
    }

    /** Each flow uses one source port towards its next hop, from the range of this network namespace. */
    private void ports(HopConfig hop) {
        try {
            SourcePorts ports = SourcePorts.read();
            String text =
                    "%d source ports for each address (net.ipv4.ip_local_port_range), each in use for %d s after its flow: %d short flows/s"
                            .formatted(ports.count(), ports.kept().toSeconds(), ports.perSecond());
            findings.add(
                    ports.count() < hop.limits().flows()
                            ? Finding.warning(
                                    PORTS,
                                    text + "; fewer than limits.flows ("
                                            + hop.limits().flows()
                                            + "): flows to one address fail with no-ports before the hop is full",
                                    "widen the range; deploy/README.md, \"When something runs out\"")
                            : Finding.ok(PORTS, text));
        } catch (IOException e) {
            findings.add(Finding.warning(PORTS, String.valueOf(e.getMessage()), ""));
        }
    }

    private void socket(ListenerConfig.Bridge bridge) {
        findings.add(creatable(bridge.name() + ": socket " + bridge.socket(), bridge.socket(), "socket"));
    }

    /** The hop creates missing directories, if it may write to the nearest one that exists. */
    private static Finding creatable(String text, Path file, String key) {
        Path folder = nearest(file.toAbsolutePath());
        String hint = "let the hop's user create files there, or change \"" + key + "\"";
        if (!Files.isDirectory(folder)) {
            return Finding.error(
                    LISTENERS, text + " can't be created: " + folder + " is not an accessible directory", hint);
        }
        return Files.isWritable(folder)
                ? Finding.ok(LISTENERS, text + " can be created")
                : Finding.error(LISTENERS, text + " can't be created: " + folder + " is not writable", hint);
    }

    /** Returns the nearest directory above {@code file} that exists. */
    private static Path nearest(Path file) {
        Path parent = file.getParent();
        return parent == null ? file : Files.notExists(parent) ? nearest(parent) : parent;
    }

    /** An unassigned uid is no risk now, but may be assigned later. */
    private void agents(ListenerConfig.Bridge bridge) {
        Users users = Users.ofThisHost();
        for (int uid : bridge.uids()) {
            String agents = bridge.name() + " accepts agents of user " + Integer.toUnsignedString(uid);
            findings.add(users.name(uid)
                    .map(name -> Finding.ok(LISTENERS, agents + " (" + name + ")"))
                    .orElseGet(() -> Finding.warning(
                            LISTENERS,
                            agents + ", which is not in /etc/passwd",
                            "correct \"uid\" or add the user, unless a directory service has it")));
        }
    }

    private void runningHop(HopConfig hop) {
        AdminClient running = new AdminClient(hop.admin().socket());
        Optional<String> unresponsive = running.unresponsiveness();
        if (unresponsive.isPresent()) {
            findings.add(Finding.error(RUNNING, unresponsive.get(), "continue a stopped process with kill -CONT"));
            return;
        }
        if (config.flatMap(ConfiguredRules::of).isPresent()) {
            running.notReadyReasons()
                    .ifPresent(problems -> findings.add(Finding.error(RULES, "running hop: " + problems, "")));
        }
        budget(hop);
        hanging(hop);
    }

    /** Reports on a running hop that responds to this user. */
    private void budget(HopConfig hop) {
        AdminClient running = new AdminClient(hop.admin().socket());
        try {
            findings.addAll(BudgetFindings.of(
                    JsonTree.parse(running.get("/budget")),
                    JsonTree.parse(running.get("/flows")).list("flows"),
                    file));
        } catch (CommandFailure notRunning) {
            return;
        }
    }

    /** Reports the file systems and users that don't answer when a running hop identifies processes. */
    private void hanging(HopConfig hop) {
        AdminClient running = new AdminClient(hop.admin().socket());
        try {
            JsonTree.parse(running.get("/identification"))
                    .texts("hanging")
                    .forEach(unresponsive -> findings.add(Finding.warning(
                            IDENTITY,
                            "the running hop gets no answer from " + unresponsive
                                    + ": processes there are identified without data from it",
                            "check its server; umount -f or -l detaches a dead file system")));
        } catch (CommandFailure notRunning) {
            return;
        }
    }

    private void rules(HopConfig hop) {
        Optional<RulePlan> plan = ConfiguredRules.of(hop);
        if (plan.isEmpty()) {
            findings.add(Finding.ok(RULES, "none needed"));
            return;
        }
        try (RuleTables tables = new RuleTables(hop.interception().ownedTable())) {
            switch (tables.compare(plan.get())) {
                case RuleDifference.None none -> {
                    findings.add(Finding.ok(
                            RULES,
                            "installed as configured"
                                    + (tables.isProtected(plan.get())
                                            ? "; only the running hop can change them"
                                            : "; other programs can change and flush them")));
                    tables.strayConnections(plan.get())
                            .ifPresent(problem -> findings.add(Finding.error(
                                    RULES, problem, "remove that rule, or give it a priority after this hop's")));
                }
                case RuleDifference.NotInstalled missing ->
                    findings.add(Finding.error(
                            RULES,
                            "not installed",
                            hop.failOpen()
                                    ? "the running hop installs them"
                                    : "throughline redirect apply --config " + file));
                case RuleDifference.Differs differs ->
                    findings.add(Finding.error(
                            RULES,
                            "differ from the configuration:\n        " + String.join("\n        ", differs.lines()),
                            "throughline redirect apply --config " + file));
            }
            tables.otherHopWithMark(plan.get())
                    .ifPresent(other -> findings.add(Finding.error(
                            RULES,
                            "hop " + other + " on this host has the same mark",
                            "change the \"mark\" of one of the two hops")));
            tables.hints().forEach(hint -> findings.add(Finding.warning(RULES, hint, "")));
            bypassing(tables.bypassing(plan.get()));
        } catch (IOException e) {
            findings.add(Finding.error(RULES, "can't read the rules: " + e.getMessage(), "run doctor as root"));
        }
        beside(plan.get());
        if (hop.routing().defaultRoute() instanceof RouteConfig.HopByInterception by) {
            findings.add(
                    Finding.ok(RULES, "connections to hop " + by.hop() + " are refused unless it intercepts them"));
        }
    }

    /** Connections that were open before the rules bypass the hop; the operator must know of them. */
    private void bypassing(List<Tuple> connections) throws IOException {
        if (connections.isEmpty()) {
            return;
        }
        List<String> lines = new ArrayList<>();
        try (ProcessIdentifier identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL)) {
            for (Tuple connection : connections.subList(0, Math.min(MAX_PASSING, connections.size()))) {
                lines.add("%s to %s, %s"
                        .formatted(
                                Tuple.text(connection.source()),
                                Tuple.text(connection.destination()),
                                owner(identifier, connection)));
            }
        }
        if (connections.size() > MAX_PASSING) {
            lines.add("and " + (connections.size() - MAX_PASSING) + " more");
        }
        findings.add(Finding.warning(
                RULES,
                connections.size() + (connections.size() == 1 ? " connection was" : " connections were")
                        + " open before the rules were installed, not captured:\n        "
                        + String.join("\n        ", lines),
                "restart these programs"));
    }

    private static String owner(ProcessIdentifier identifier, Tuple connection) {
        try {
            ProcessIdentity found = identifier
                    .identify(connection)
                    .get(OWNER_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .identity();
            String program = found.code().executable().or(found.code()::command).orElse("unknown program");
            return found.process()
                    .map(process -> "process " + process.pid() + " (" + program + ")")
                    .orElse("unknown process");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown process";
        } catch (ExecutionException | TimeoutException e) {
            return "unknown process";
        }
    }

    /** Reports rules of other programs that affect the hop's packets. */
    private void beside(RulePlan plan) {
        MarkUsers.warnings(plan).forEach(warning -> findings.add(Finding.warning(OTHERS, warning, MARKS_PAGE)));
        try {
            List<ForeignRule> foreign = new ForeignRuleReader().read(plan);
            foreign.forEach(rule -> findings.add(Finding.warning(OTHERS, rule.toString(), MARKS_PAGE)));
            List<String> legacy = ForeignRuleReader.legacyTables();
            if (!legacy.isEmpty()) {
                findings.add(Finding.warning(
                        OTHERS,
                        "can't read tables of legacy iptables: " + String.join(", ", legacy),
                        "check with iptables-legacy-save and ip6tables-legacy-save whether their rules match marks"));
            } else if (foreign.isEmpty()) {
                findings.add(Finding.ok(OTHERS, "no rule of another program matches or changes this hop's marks"));
            }
        } catch (IOException e) {
            findings.add(Finding.warning(
                    OTHERS, "can't read the rules of other programs: " + e.getMessage(), "run doctor as root"));
        }
    }
}
