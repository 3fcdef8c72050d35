package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.RouteLookup;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Installs, compares and removes rules through {@code nft} and {@code ip}. All methods change only the plan's own
 * table, routing table and policy rule. All are idempotent: they lead to the same state from any earlier state,
 * including one after a crash.
 *
 * <p>Routes are added before the rules that need them and removed after them, so that no diverted packet lacks a route.
 */
public final class RuleTables implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RuleTables.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** An applied script and nft's listing of it. */
    private record Applied(RulePlan plan, ImmutableList<String> listing) {}

    private final CommandRunner programs;
    private final Optional<OwnedTables> owned;
    private final boolean owning;
    private final InstalledRoutes routes;
    private @Nullable Applied applied;

    /**
     * Opens the rules of this process's network namespace.
     *
     * @param owning whether this object owns the applied tables if libnftables and the kernel support that: no other
     *     program can change them, and they stay when it is closed
     */
    public RuleTables(boolean owning) {
        this(new CommandRunner(PATIENCE, ImmutableList.of()), openOwned(), owning);
    }

    /** @param owned empty if the nft program applies the rules, which any program with the capability can then change */
    RuleTables(CommandRunner programs, Optional<OwnedTables> owned, boolean owning) {
        this.programs = programs;
        this.owned = owned;
        this.owning = owning;
        this.routes = new InstalledRoutes(programs);
    }

    private static Optional<OwnedTables> openOwned() {
        try {
            return Optional.of(OwnedTables.open());
        } catch (IOException e) {
            LOG.debug("libnftables is not used: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Returns a preview of {@link #apply}: the routes as ip commands in comments, then the script for nft. */
    public static String show(RulePlan plan) {
        StringBuilder text = new StringBuilder();
        if (DivertRoutes.neededBy(plan)) {
            new DivertRoutes(plan.mark())
                    .commands()
                    .forEach(command ->
                            text.append("# ").append(String.join(" ", command)).append('\n'));
        }
        return text.append(RuleText.of(plan)).toString();
    }

    /**
     * Installs the plan's rules persistently, whether or not the hop runs.
     *
     * @throws IllegalArgumentException if the plan has problems, or fails open: then use {@link #hold}
     * @throws IOException if another hop's rules have the plan's mark, or with the message of the failed program
     */
    public void apply(RulePlan plan) throws IOException {
        if (plan.failOpen()) {
            throw new IllegalArgumentException("fail-open rules exist only while the hop runs: the hop installs them");
        }
        new MarkOwners(programs).checkUnused(plan);
        String script = RuleText.of(plan, passing(plan));
        addRoutes(plan);
        if (!load(plan, script)) {
            nft(script);
        }
        applied = new Applied(plan, ImmutableList.copyOf(normal(installed(plan))));
    }

    /**
     * Returns the connections that were open before the rules and still bypass the hop, as seen from this host. Empty
     * if the rules aren't installed.
     *
     * @throws IOException if they can't be determined, with the message of the failed program
     */
    public ImmutableList<Tuple> bypassing(RulePlan plan) throws IOException {
        Set<Tuple> known = ImmutableSet.copyOf(remembered(plan));
        return OpenConnections.passing(plan, sockets()).stream()
                .filter(known::contains)
                .collect(ImmutableList.toImmutableList());
    }

    /**
     * Returns the connections that will bypass the rules: those that bypass the installed rules, or, for new rules, all
     * open ones that match.
     */
    private ImmutableList<Tuple> passing(RulePlan plan) throws IOException {
        return installed(plan).isEmpty() ? OpenConnections.passing(plan, sockets()) : remembered(plan);
    }

    private ImmutableList<Tuple> remembered(RulePlan plan) throws IOException {
        ImmutableList.Builder<Tuple> found = ImmutableList.builder();
        for (String set : RuleText.PASSING_SETS) {
            CommandRunner.Result listing =
                    programs.attempt(List.of("nft", "-n", "list", "set", "inet", plan.table(), set), "");
            if (listing.code() == 0) {
                found.addAll(OpenConnections.elements(listing.output()));
            }
        }
        return found.build();
    }

    private List<String> sockets() throws IOException {
        // Read by a program, because that runs in the network namespace of these rules. Without IPv6 there is no tcp6.
        return programs.attempt(List.of("cat", "/proc/net/tcp", "/proc/net/tcp6"), "")
                .lines();
    }

    private boolean load(RulePlan plan, String script) throws IOException {
        if (owned.isEmpty()) {
            return false;
        }
        return (owning || plan.failOpen())
                ? owned.get().load(plan.table(), script, !plan.failOpen())
                : owned.get().disown(plan.table(), script);
    }

    /**
     * Installs the rules of a plan that fails open. The kernel removes them when the returned lease is closed or this
     * process ends in any way. No other program can change or remove them meanwhile.
     *
     * @throws IOException with the message of the failed program
     */
    public TableLease hold(RulePlan plan) throws IOException {
        if (!plan.failOpen()) {
            throw new IllegalArgumentException("fail-closed rules outlive the hop: use apply");
        }
        new MarkOwners(programs).checkUnused(plan);
        String script = RuleText.of(plan, passing(plan));
        addRoutes(plan);
        TableLease held;
        if (load(plan, script)) {
            held = TableLease.of(
                    () -> isOwner(plan), () -> owned.orElseThrow().remove(plan.table()), () -> removeRoutes(plan));
        } else {
            held = TableLease.install(script, plan.table(), programs, () -> removeRoutes(plan));
        }
        applied = new Applied(plan, ImmutableList.copyOf(normal(installed(plan))));
        return held;
    }

    /** Returns whether this object owns the plan's table, so that no other program can change or flush it. */
    public boolean isOwner(RulePlan plan) {
        try {
            return owned.isPresent() && owned.get().owns(plan.table());
        } catch (IOException e) {
            return false;
        }
    }

    /** Removes the rules, if there are any. */
    public void remove(RulePlan plan) throws IOException {
        if (owned.isPresent()) {
            owned.get().remove(plan.table());
        } else {
            nft(RuleText.removal(plan));
        }
        applied = null;
        removeRoutes(plan);
    }

    /**
     * Returns whether the installed rules are exactly those of the plan. For comparison the plan is installed in a
     * temporary network namespace and listed by the same nft and kernel, since a listing differs from the script that
     * created it.
     *
     * @throws IOException if that can't be determined, with the message of the failed program
     */
    public RuleDifference compare(RulePlan plan) throws IOException {
        List<String> found = normal(installed(plan));
        if (found.isEmpty() && plan.failOpen()) {
            // The kernel removed the table with the hop; leftover routes without rules have no effect.
            return new RuleDifference.NotInstalled();
        }
        RuleLines all = new RuleLines(new ArrayList<>(expectedRules(plan)), new ArrayList<>(found));
        RuleLines ofRoutes = routes.compare(plan);
        all.expected().addAll(ofRoutes.expected());
        all.found().addAll(ofRoutes.found());
        return all.difference();
    }

    /**
     * Compares the nft table alone.
     *
     * @throws IOException if that can't be done, with the message of the failed program
     */
    RuleDifference compareTable(RulePlan plan) throws IOException {
        return new RuleLines(expectedRules(plan), normal(installed(plan))).difference();
    }

    /**
     * Compares routes and policy rules alone.
     *
     * @throws IOException if that can't be done, with the message of the failed program
     */
    RuleDifference compareRoutes(RulePlan plan) throws IOException {
        return routes.compare(plan).difference();
    }

    /** Returns whether a process, such as the running hop, owns the plan's table, so that no other can change it. */
    public boolean isProtected(RulePlan plan) {
        try {
            return owned.isPresent() && owned.get().hasOwner(plan.table());
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Returns why diverted packets don't take this plan's routes although these are installed correctly; empty if they
     * do.
     *
     * @throws IOException if that can't be determined
     */
    public Optional<String> strayConnections(RulePlan plan) throws IOException {
        Optional<String> ahead = rulesAhead(plan);
        if (ahead.isPresent()) {
            return ahead;
        }
        try (RouteLookup lookup = RouteLookup.open()) {
            return new DivertEffect(plan, lookup).problem();
        }
    }

    /**
     * Uses the installed rules as the expected ones if the plan's listing can't be made. A hop that may not create
     * namespaces then at least detects changes.
     */
    void expectInstalledIfUnknown(RulePlan plan) throws IOException {
        List<String> listing;
        try {
            listing = normal(expected(plan));
        } catch (IOException e) {
            LOG.warn(
                    "interception: can't compare the rules with the configuration, only with those installed now: {}",
                    e.getMessage());
            listing = normal(installed(plan));
        }
        applied = new Applied(plan, ImmutableList.copyOf(listing));
    }

    private List<String> expectedRules(RulePlan plan) throws IOException {
        Applied known = applied;
        return known != null && known.plan().equals(plan) ? known.listing() : normal(expected(plan));
    }

    /** Returns the name of another hop whose rules are installed with the mark of {@code plan}. */
    public Optional<String> otherHopWithMark(RulePlan plan) throws IOException {
        return new MarkOwners(programs).otherHop(plan);
    }

    /** Returns settings of this host that prevent rules from working, as messages for an operator. */
    public ImmutableList<String> hints() throws IOException {
        return InstalledRoutes.usable().equals(InstalledRoutes.known())
                ? ImmutableList.of()
                : ImmutableList.of("IPv6 is off on lo, so no route for it is set: apply the rules again once it is on;"
                        + " until then IPv6 connections that are captured are refused");
    }

    private void addRoutes(RulePlan plan) throws IOException {
        if (DivertRoutes.neededBy(plan)) {
            routes.add(plan);
        } else {
            removeRoutes(plan);
        }
    }

    private void removeRoutes(RulePlan plan) throws IOException {
        // If another hop's rules use the mark, the routing table and the policy rule belong to that hop.
        if (otherHopWithMark(plan).isEmpty()) {
            routes.remove(plan);
        }
    }

    /**
     * Adds routes for devices that have come up. This isn't a loss: only sockets bound to such a device need the route.
     */
    void addDeviceRoutes(RulePlan plan) throws IOException {
        if (DivertRoutes.neededBy(plan)) {
            routes.addForDevices(plan);
        }
    }

    /** Returns foreign policy rules that can match a diverted packet before this plan's rule. */
    Optional<String> rulesAhead(RulePlan plan) throws IOException {
        return DivertRoutes.neededBy(plan) ? routes.rulesAhead(plan) : Optional.empty();
    }

    /**
     * Returns whether this plan's rule can be moved before all of {@link #rulesAhead}; that is impossible if one has
     * priority 0.
     */
    boolean canPassRulesAhead(RulePlan plan) throws IOException {
        return routes.canPassRulesAhead(plan);
    }

    /** Restores exactly the plan's routes and policy rules, and removes foreign entries from its table. */
    void repairRoutes(RulePlan plan) throws IOException {
        routes.repair(plan);
        forgetStrays(plan);
    }

    /** Connections that were dropped because a route was missing may be retried; at worst they are refused again. */
    private void forgetStrays(RulePlan plan) throws IOException {
        for (String set : DivertRoutes.neededBy(plan) ? RuleText.STRAY_SETS : ImmutableList.<String>of()) {
            String command = "flush set inet " + plan.table() + " " + set;
            if (isOwner(plan)) {
                owned.orElseThrow().run(command);
            } else {
                programs.attempt(List.of("nft", "-f", "-"), command + "\n");
            }
        }
    }

    private void nft(String script) throws IOException {
        programs.run(List.of("nft", "-f", "-"), script);
    }

    private Stream<String> list(List<String> command) throws IOException {
        return programs.run(command, "").lines().stream();
    }

    private List<String> installed(RulePlan plan) throws IOException {
        if (owned.isPresent()) {
            return owned.get().listIfThere(plan.table()).lines().toList();
        }
        boolean there = list(List.of("nft", "list", "tables", "inet")).anyMatch(("table inet " + plan.table())::equals);
        return there ? programs.run(listing(plan), "").lines() : List.of();
    }

    private List<String> expected(RulePlan plan) throws IOException {
        String script = RuleText.of(plan).replaceFirst("(?m)^\tflags owner\n", "");
        List<String> scratch = join(List.of("sh", "-c", "nft -f - && exec \"$@\"", "sh"), listing(plan));
        CommandRunner.Result asRoot = programs.attempt(join(List.of("unshare", "-n"), scratch), script);
        return asRoot.code() == 0
                ? asRoot.lines()
                : programs.run(join(List.of("unshare", "-rn"), scratch), script).lines();
    }

    private static List<String> listing(RulePlan plan) {
        return List.of("nft", "-stn", "list", "table", "inet", plan.table());
    }

    /** Removes owner and flags, which depend on the process and the kernel rather than the plan. */
    private static List<String> normal(List<String> listing) {
        return listing.stream()
                .map(line -> line.replaceFirst(" # progname .*", ""))
                .filter(line -> !line.isBlank() && !line.matches("\tflags ?(owner|persist|[, ])*"))
                .toList();
    }

    private static List<String> join(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    /** Releases the tables. They stay installed, except those of {@link #hold}. */
    @Override
    public void close() {
        owned.ifPresent(OwnedTables::close);
    }
}
