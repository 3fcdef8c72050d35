package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.throughline.header.Tuple;
import dev.throughline.intercept.DivertRoutes.Device;
import dev.throughline.os.RouteLookup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
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
    private static final Path IPV6_OFF = Path.of("/proc/sys/net/ipv6/conf/lo/disable_ipv6");

    /** What this object applied, and how nft lists it. */
    private record Applied(RulePlan plan, ImmutableList<String> listing) {}

    private final SystemProgram programs;
    private final Optional<OwnedTables> owned;
    private final boolean owning;
    private @Nullable Applied applied;

    /**
     * The rules of the network namespace in which this process runs.
     *
     * @param owning whether tables that are applied belong to this object, where libnftables and the kernel can do that:
     *     nobody else can change them, and they stay when it is closed
     */
    public RuleTables(boolean owning) {
        this(new SystemProgram(PATIENCE, ImmutableList.of()), openOwned(), owning);
    }

    /** Rules that nft applies, as a program; anybody can change them who may change rules at all. */
    RuleTables(SystemProgram programs) {
        this(programs, Optional.empty(), false);
    }

    private RuleTables(SystemProgram programs, Optional<OwnedTables> owned, boolean owning) {
        this.programs = programs;
        this.owned = owned;
        this.owning = owning;
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
            SystemProgram.Result listing =
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
    public HeldRules hold(RulePlan plan) throws IOException {
        if (!plan.failOpen()) {
            throw new IllegalArgumentException("rules that fail closed outlive the hop: they are applied");
        }
        new MarkOwners(programs).checkUnused(plan);
        String script = RuleText.of(plan, passing(plan));
        addRoutes(plan);
        HeldRules held;
        if (load(plan, script)) {
            held = HeldRules.of(
                    () -> isOwner(plan), () -> owned.orElseThrow().remove(plan.table()), () -> removeRoutes(plan));
        } else {
            held = HeldRules.install(script, plan.table(), programs, () -> removeRoutes(plan));
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
    public Difference compare(RulePlan plan) throws IOException {
        List<String> found = normal(installed(plan));
        if (found.isEmpty() && plan.failOpen()) {
            // The kernel removed the table with the hop, and nobody removes the routes, to which nothing leads now.
            return new Difference.NotInstalled();
        }
        Lines all = new Lines(new ArrayList<>(meantRules(plan)), new ArrayList<>(found));
        Lines routes = routes(plan);
        all.meant().addAll(routes.meant());
        all.found().addAll(routes.found());
        return all.difference();
    }

    /**
     * Compares the nft table alone.
     *
     * @throws IOException if that can't be done, in the words of the program that failed
     */
    Difference compareTable(RulePlan plan) throws IOException {
        return new Lines(meantRules(plan), normal(installed(plan))).difference();
    }

    /**
     * Compares routes and policy rules alone.
     *
     * @throws IOException if that can't be done, in the words of the program that failed
     */
    Difference compareRoutes(RulePlan plan) throws IOException {
        return routes(plan).difference();
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

    /** Policy rules of others that can take a diverted packet before this plan's rule does. */
    Optional<String> rulesAhead(RulePlan plan) throws IOException {
        if (!DivertRoutes.neededBy(plan)) {
            return Optional.empty();
        }
        DivertRoutes divert = new DivertRoutes(plan.mark());
        List<String> ahead = new ArrayList<>();
        for (String family : usable()) {
            ahead.addAll(ahead(divert, family, list(divert.listRules(family)).toList()));
        }
        return ahead.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "another program's policy rule takes captured packets first: " + String.join(", ", ahead));
    }

    /** Whether a rule of this plan can be put before all that {@link #rulesAhead} names: before priority 0 nothing can. */
    boolean canPassRulesAhead(RulePlan plan) throws IOException {
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            List<String> lines = list(divert.listRules(family)).toList();
            if (!ahead(divert, family, lines).isEmpty() && lowestOfOthers(divert, lines) == 0) {
                return false;
            }
        }
        return true;
    }

    private static int lowestOfOthers(DivertRoutes divert, List<String> lines) {
        return lines.stream()
                .filter(line -> !divert.isRule(line) && PolicyRule.parse(line).canTake(divert.table()))
                .mapToInt(DivertRoutes::priority)
                .min()
                .orElse(Integer.MAX_VALUE);
    }

    private List<String> ahead(DivertRoutes divert, String family, List<String> lines) throws IOException {
        if (lines.stream().noneMatch(divert::isRule)) {
            return List.of();
        }
        List<String> ahead = new ArrayList<>();
        List<PolicyRule> rules = lines.stream()
                .takeWhile(line -> !divert.isRule(line))
                .map(PolicyRule::parse)
                .filter(rule -> rule.canTake(divert.table()))
                .toList();
        for (PolicyRule rule : rules) {
            if (rule.table().isEmpty() || hasRoutes(family, rule)) {
                ahead.add("ip " + family + " rule " + rule.text().strip().replaceAll("\\s+", " "));
            }
        }
        return ahead;
    }

    private boolean hasRoutes(String family, PolicyRule rule) throws IOException {
        List<String> command = List.of(
                "ip", "-N", family, "route", "show", "table", rule.table().orElseThrow());
        return programs.attempt(command, "").lines().stream().anyMatch(rule::uses);
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
                    "interception: the rules can't be compared with the configuration, only with what is there now: {}",
                    e.getMessage());
            listing = normal(installed(plan));
        }
        applied = new Applied(plan, ImmutableList.copyOf(listing));
    }

    private List<String> meantRules(RulePlan plan) throws IOException {
        Applied known = applied;
        return known != null && known.plan().equals(plan) ? known.listing() : normal(meant(plan));
    }

    private Lines routes(RulePlan plan) throws IOException {
        Lines lines = new Lines(new ArrayList<>(), new ArrayList<>());
        boolean needed = DivertRoutes.neededBy(plan);
        DivertRoutes divert = new DivertRoutes(plan.mark());
        // While IPv6 is off on lo, what is left of its rules does nothing, and nothing can be set.
        for (String family : needed ? usable() : known()) {
            String rule = String.join(" ", divert.addRule(family, DivertRoutes.PRIORITY));
            if (needed) {
                devices().forEach(device -> lines.meant().add(String.join(" ", divert.addRoute(family, device))));
                lines.meant().add(rule);
            }
            routes(divert, family)
                    .filter(line -> DivertRoutes.device(line).isEmpty())
                    .map(String::strip)
                    .forEach(lines.found()::add);
            routes(divert, family)
                    .flatMap(line -> DivertRoutes.device(line).stream())
                    .sorted(Comparator.comparing((Device device) -> !device.equals(Device.LO))
                            .thenComparingInt(Device::index))
                    .map(device -> String.join(" ", divert.addRoute(family, device)))
                    .forEach(lines.found()::add);
            list(divert.listRules(family))
                    .filter(divert::leadsHere)
                    .map(line -> divert.isRule(line) ? rule : line.strip())
                    .forEach(lines.found()::add);
        }
        return lines;
    }

    /** What should be there, and what is. */
    private record Lines(List<String> meant, List<String> found) {
        Difference difference() {
            if (found.isEmpty() && !meant.isEmpty()) {
                return new Difference.NotInstalled();
            }
            return meant.equals(found) ? new Difference.None() : new Difference.Differs(diff(meant, found));
        }
    }

    /** What about this host keeps rules from working as meant, in words for an operator. */
    public ImmutableList<String> hints() throws IOException {
        return usable().equals(known())
                ? ImmutableList.of()
                : ImmutableList.of("IPv6 is off on lo, so no route for it is set: apply the rules again once it is on;"
                        + " until then IPv6 connections that are captured are refused");
    }

    /** Returns the name of another hop whose rules are installed with the mark of {@code plan}. */
    public Optional<String> otherHopWithMark(RulePlan plan) throws IOException {
        return new MarkOwners(programs).otherHop(plan);
    }

    void addRoutes(RulePlan plan) throws IOException {
        if (!DivertRoutes.neededBy(plan)) {
            removeRoutes(plan);
            return;
        }
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            addRoutes(divert, family);
            placeRule(divert, family);
        }
    }

    /** Leaves one rule, before all rules of others that could take a diverted packet; they stay where they are. */
    private void placeRule(DivertRoutes divert, String family) throws IOException {
        List<String> lines = list(divert.listRules(family)).toList();
        List<Integer> present = lines.stream()
                .filter(divert::isRule)
                .map(DivertRoutes::priority)
                .toList();
        boolean behind = !ahead(divert, family, lines).isEmpty();
        int first = lowestOfOthers(divert, lines);
        int kept;
        if (present.isEmpty() || (behind && first > 0)) {
            kept = Math.max(0, Math.min(DivertRoutes.PRIORITY, first - 1));
            // Before the old one goes: at no time is there none.
            programs.run(divert.addRule(family, kept), "");
        } else {
            kept = present.getFirst();
        }
        List<Integer> surplus = new ArrayList<>(present);
        surplus.remove(Integer.valueOf(kept));
        for (int priority : surplus) {
            programs.run(divert.deleteRule(family, priority), "");
        }
    }

    /** By one process for all devices; one that goes down or away meanwhile needs none. */
    private void addRoutes(DivertRoutes divert, String family) throws IOException {
        List<Device> devices = devices();
        List<String> commands = devices.stream()
                .map(device -> divert.addRoute(family, device))
                .map(command -> String.join(" ", command.subList(2, command.size())))
                .toList();
        List<String> batch = List.of("ip", family, "-force", "-batch", "-");
        SystemProgram.Result result = programs.attempt(batch, String.join("\n", commands) + "\n");
        if (result.code() != 0 && (devices.equals(devices()) || !result.error().contains("Command failed"))) {
            throw SystemProgram.failure(batch, result.code(), result.error());
        }
    }

    /** The devices that are up, {@code lo} first. */
    private ImmutableList<Device> devices() throws IOException {
        return Stream.concat(
                        Stream.of(Device.LO),
                        list(List.of("ip", "-o", "link", "show", "up"))
                                .flatMap(line -> Device.parse(line).stream())
                                .filter(device -> !device.equals(Device.LO))
                                .sorted(Comparator.comparingInt(Device::index)))
                .collect(ImmutableList.toImmutableList());
    }

    /** A device that came up needs a route of its own: nothing is wrong, and nothing but sockets bound to it waits for that. */
    void addDeviceRoutes(RulePlan plan) throws IOException {
        if (!DivertRoutes.neededBy(plan)) {
            return;
        }
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            Set<Device> present = routes(divert, family)
                    .flatMap(line -> DivertRoutes.device(line).stream())
                    .collect(ImmutableSet.toImmutableSet());
            // Without the route by lo the table was emptied: that is a loss.
            if (present.contains(Device.LO) && !present.containsAll(devices())) {
                addRoutes(divert, family);
            }
        }
    }

    /** Leaves exactly the plan's routes and policy rules, whatever others added to its table. */
    void repairRoutes(RulePlan plan) throws IOException {
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            if (routes(divert, family)
                    .anyMatch(line -> DivertRoutes.device(line).isEmpty())) {
                programs.run(divert.flushRoutes(family), "");
            }
            List<String> wrong = list(divert.listRules(family))
                    .filter(line -> divert.leadsHere(line) && !divert.isRule(line))
                    .toList();
            for (String line : wrong) {
                String priority = line.substring(0, line.indexOf(':')).strip();
                programs.run(
                        List.of("ip", family, "rule", "del", "priority", priority, "lookup", "" + divert.table()), "");
            }
        }
        addRoutes(plan);
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

    private void removeRoutes(RulePlan plan) throws IOException {
        if (otherHopWithMark(plan).isPresent()) {
            // The routing table and the policy rule belong to that hop now.
            return;
        }
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : known()) {
            for (String line : list(divert.listRules(family)).toList()) {
                if (divert.isRule(line)) {
                    programs.run(divert.deleteRule(family, DivertRoutes.priority(line)), "");
                }
            }
            if (routes(divert, family).findAny().isPresent()) {
                programs.run(divert.flushRoutes(family), "");
            }
        }
    }

    /** The families that this kernel knows. */
    private static ImmutableList<String> known() {
        return Files.exists(IPV6_OFF) ? DivertRoutes.FAMILIES : DivertRoutes.FAMILIES.subList(0, 1);
    }

    /** The families in which a route to lo can be set. */
    static ImmutableList<String> usable() throws IOException {
        boolean off =
                Files.exists(IPV6_OFF) && Files.readString(IPV6_OFF).strip().equals("1");
        return off ? DivertRoutes.FAMILIES.subList(0, 1) : known();
    }

    private Stream<String> routes(DivertRoutes divert, String family) throws IOException {
        List<String> command = divert.listRoutes(family);
        SystemProgram.Result result = programs.attempt(command, "");
        if (result.code() != 0 && !result.error().contains(DivertRoutes.NO_TABLE)) {
            throw SystemProgram.failure(command, result.code(), result.error());
        }
        return result.lines().stream();
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
        SystemProgram.Result asRoot = programs.attempt(join(List.of("unshare", "-n"), scratch), script);
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

    private static ImmutableList<String> diff(List<String> meant, List<String> found) {
        // A line may be there several times, such as "accept".
        List<String> missing = new ArrayList<>(meant);
        found.forEach(missing::remove);
        List<String> surplus = new ArrayList<>(found);
        meant.forEach(surplus::remove);
        ImmutableList<String> lines = Stream.concat(
                        missing.stream().map(line -> "- " + line.strip()),
                        surplus.stream().map(line -> "+ " + line.strip()))
                .collect(ImmutableList.toImmutableList());
        return lines.isEmpty() ? ImmutableList.of("the same rules in another order, or repeated") : lines;
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
