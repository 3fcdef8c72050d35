package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.throughline.header.Tuple;
import dev.throughline.os.RouteLookup;
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
 * The kernel's rules as {@code nft} and {@code ip} set and show them. All methods touch the plan's own table, routing
 * table and policy rule, nothing else, and all may be repeated: each leaves the same state from whatever state it found,
 * one that a crash half way left behind included.
 *
 * <p>Routes come before the rules that divert to them and leave after them, so that no packet is diverted to nowhere.
 */
public final class RuleTables implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RuleTables.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** What this object applied, and how nft lists it. */
    private record Applied(RulePlan plan, ImmutableList<String> listing) {}

    private final CommandRunner programs;
    private final Optional<OwnedTables> owned;
    private final boolean owning;
    private final InstalledRoutes routes;
    private @Nullable Applied applied;

    /**
     * The rules of the network namespace in which this process runs.
     *
     * @param owning whether tables that are applied belong to this object, where libnftables and the kernel can do that:
     *     nobody else can change them, and they stay when it is closed
     */
    public RuleTables(boolean owning) {
        this(new CommandRunner(PATIENCE, ImmutableList.of()), openOwned(), owning);
    }

    /** Rules that nft applies, as a program; anybody can change them who may change rules at all. */
    RuleTables(CommandRunner programs) {
        this(programs, Optional.empty(), false);
    }

    private RuleTables(CommandRunner programs, Optional<OwnedTables> owned, boolean owning) {
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

    /** What {@link #apply} would do: the script for nft, and before it, as comments, the routes as ip commands. */
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
     * Installs the plan's rules to stay, whether or not the hop runs.
     *
     * @throws IllegalArgumentException if the plan has problems, or fails open: such rules are held
     * @throws IOException if another hop's rules have the plan's mark, and in the words of the program that failed
     */
    public void apply(RulePlan plan) throws IOException {
        if (plan.failOpen()) {
            throw new IllegalArgumentException("rules that fail open live as long as the hop: its run installs them");
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
     * The connections that were open before the rules and still are, from this host's end: they pass by the hop. Empty if the
     * rules aren't installed.
     *
     * @throws IOException if they can't be found out, in the words of the program that failed
     */
    public ImmutableList<Tuple> passingBy(RulePlan plan) throws IOException {
        Set<Tuple> known = ImmutableSet.copyOf(remembered(plan));
        return OpenConnections.passing(plan, sockets()).stream()
                .filter(known::contains)
                .collect(ImmutableList.toImmutableList());
    }

    /** What passes by rules that are there goes on so; with rules that are new, what is open now. */
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
        // By a program, since that runs in the network namespace that these rules are for. Without IPv6 there is no
        // tcp6.
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
     * Installs the rules of a plan that fails open, to vanish with the returned lease and with this process, however it
     * ends. Nobody else can change or remove them meanwhile.
     *
     * @throws IOException in the words of the program that failed
     */
    public TableLease hold(RulePlan plan) throws IOException {
        if (!plan.failOpen()) {
            throw new IllegalArgumentException("rules that fail closed outlive the hop: they are applied");
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

    /** Whether the plan's table belongs to this object, so that nobody else can change or flush it. */
    public boolean isOwner(RulePlan plan) {
        try {
            return owned.isPresent() && owned.get().owns(plan.table());
        } catch (IOException e) {
            return false;
        }
    }

    /** Removes the rules; nothing happens when there are none. */
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
     * Whether the installed rules are exactly those that the plan means. What the plan means is read back from a network
     * namespace of its own, in the words of the same nft and kernel: a listing differs from the script it came from.
     *
     * @throws IOException if that can't be found out, in the words of the program that failed
     */
    public RuleDifference compare(RulePlan plan) throws IOException {
        List<String> found = normal(installed(plan));
        if (found.isEmpty() && plan.failOpen()) {
            // The kernel removed the table with the hop, and nobody removes the routes, to which nothing leads now.
            return new RuleDifference.NotInstalled();
        }
        RuleLines all = new RuleLines(new ArrayList<>(meantRules(plan)), new ArrayList<>(found));
        RuleLines ofRoutes = routes.compare(plan);
        all.meant().addAll(ofRoutes.meant());
        all.found().addAll(ofRoutes.found());
        return all.difference();
    }

    /**
     * Compares the nft table alone.
     *
     * @throws IOException if that can't be done, in the words of the program that failed
     */
    RuleDifference compareTable(RulePlan plan) throws IOException {
        return new RuleLines(meantRules(plan), normal(installed(plan))).difference();
    }

    /**
     * Compares routes and policy rules alone.
     *
     * @throws IOException if that can't be done, in the words of the program that failed
     */
    RuleDifference compareRoutes(RulePlan plan) throws IOException {
        return routes.compare(plan).difference();
    }

    /** Whether the plan's table belongs to a process, such as the running hop, so that no other can change it. */
    public boolean isProtected(RulePlan plan) {
        try {
            return owned.isPresent() && owned.get().haveOwner(plan.table());
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * What keeps diverted packets from this plan's routes although these are as the plan means them.
     *
     * @throws IOException if that can't be found out
     */
    public Optional<String> straying(RulePlan plan) throws IOException {
        Optional<String> ahead = rulesAhead(plan);
        if (ahead.isPresent()) {
            return ahead;
        }
        try (RouteLookup lookup = RouteLookup.open()) {
            return new DivertEffect(plan, lookup).problem();
        }
    }

    /**
     * Takes what is installed for what the plan means, if that can't be worked out here: a hop that may not make namespaces
     * then notices at least what changes.
     */
    void trustInstalledIfUnknown(RulePlan plan) throws IOException {
        List<String> listing;
        try {
            listing = normal(meant(plan));
        } catch (IOException e) {
            LOG.warn(
                    "interception: can't compare the rules with the configuration, only with those installed now: {}",
                    e.getMessage());
            listing = normal(installed(plan));
        }
        applied = new Applied(plan, ImmutableList.copyOf(listing));
    }

    private List<String> meantRules(RulePlan plan) throws IOException {
        Applied known = applied;
        return known != null && known.plan().equals(plan) ? known.listing() : normal(meant(plan));
    }

    /** Returns the name of another hop whose rules are installed with the mark of {@code plan}. */
    public Optional<String> otherHopWithMark(RulePlan plan) throws IOException {
        return new MarkOwners(programs).otherHop(plan);
    }

    /** What about this host keeps rules from working as meant, in words for an operator. */
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
        // With another hop's rules the routing table and the policy rule belong to that hop.
        if (otherHopWithMark(plan).isEmpty()) {
            routes.remove(plan);
        }
    }

    /** A device that came up needs a route of its own: nothing is wrong, and nothing but sockets bound to it waits for that. */
    void addDeviceRoutes(RulePlan plan) throws IOException {
        if (DivertRoutes.neededBy(plan)) {
            routes.addForDevices(plan);
        }
    }

    /** Policy rules of others that can take a diverted packet before this plan's rule does. */
    Optional<String> rulesAhead(RulePlan plan) throws IOException {
        return DivertRoutes.neededBy(plan) ? routes.rulesAhead(plan) : Optional.empty();
    }

    /** Whether a rule of this plan can be put before all that {@link #rulesAhead} names: before priority 0 nothing can. */
    boolean canPassRulesAhead(RulePlan plan) throws IOException {
        return routes.canPassRulesAhead(plan);
    }

    /** Leaves exactly the plan's routes and policy rules, whatever others added to its table. */
    void repairRoutes(RulePlan plan) throws IOException {
        routes.repair(plan);
        forgetStrays(plan);
    }

    /** What was dropped for want of a route may try again; at worst it is refused once more. */
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

    private List<String> meant(RulePlan plan) throws IOException {
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

    /** An owner is named by process, and ownership is a matter of what the kernel can do: the plan means neither. */
    private static List<String> normal(List<String> listing) {
        return listing.stream()
                .map(line -> line.replaceFirst(" # progname .*", ""))
                .filter(line -> !line.isBlank() && !line.matches("\tflags ?(owner|persist|[, ])*"))
                .toList();
    }

    private static List<String> join(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    /** Lets go of the tables, which stay, except those that were held. */
    @Override
    public void close() {
        owned.ifPresent(OwnedTables::close);
    }
}
