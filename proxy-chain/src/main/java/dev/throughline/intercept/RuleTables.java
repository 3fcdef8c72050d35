package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The kernel's rules as {@code nft} and {@code ip} set and show them. All methods touch the plan's own table, routing
 * table and policy rule, nothing else, and all may be repeated: each leaves the same state from whatever state it found,
 * one that a crash half way left behind included.
 *
 * <p>Routes come before the rules that divert to them and leave after them, so that no packet is diverted to nowhere.
 */
public final class RuleTables {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Path IPV6_OFF = Path.of("/proc/sys/net/ipv6/conf/lo/disable_ipv6");

    private final SystemProgram programs;

    /** The rules of the network namespace in which this process runs. */
    public RuleTables() {
        this(new SystemProgram(PATIENCE, ImmutableList.of()));
    }

    RuleTables(SystemProgram programs) {
        this.programs = programs;
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
        String script = RuleText.of(plan);
        new MarkOwners(programs).checkUnused(plan);
        addRoutes(plan);
        nft(script);
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
        String script = RuleText.of(plan);
        new MarkOwners(programs).checkUnused(plan);
        addRoutes(plan);
        return HeldRules.install(script, plan.table(), programs, () -> removeRoutes(plan));
    }

    /** Removes the rules; nothing happens when there are none. */
    public void remove(RulePlan plan) throws IOException {
        nft(RuleText.removal(plan));
        removeRoutes(plan);
    }

    /**
     * Whether the installed rules are exactly those that the plan means. What the plan means is read back from a network
     * namespace of its own, in the words of the same nft and kernel: a listing differs from the script it came from.
     *
     * @throws IOException if that can't be found out, in the words of the program that failed
     */
    public Difference compare(RulePlan plan) throws IOException {
        List<String> meant = new ArrayList<>(normal(meant(plan)));
        List<String> found = new ArrayList<>(normal(installed(plan)));
        if (found.isEmpty() && plan.failOpen()) {
            // The kernel removed the table with the hop, and nobody removes the routes, to which nothing leads now.
            return new Difference.NotInstalled();
        }
        boolean routes = DivertRoutes.neededBy(plan);
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : known()) {
            String route = String.join(" ", divert.addRoute(family));
            String rule = String.join(" ", divert.addRule(family));
            if (routes && usable().contains(family)) {
                meant.add(route);
                meant.add(rule);
            }
            routes(divert, family)
                    .map(line -> DivertRoutes.isRoute(line) ? route : line.strip())
                    .forEach(found::add);
            list(divert.listRules(family))
                    .filter(divert::leadsHere)
                    .map(line -> divert.isRule(line) ? rule : line.strip())
                    .forEach(found::add);
        }
        if (found.isEmpty() && !meant.isEmpty()) {
            return new Difference.NotInstalled();
        }
        return meant.equals(found) ? new Difference.None() : new Difference.Differs(diff(meant, found));
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

    private void addRoutes(RulePlan plan) throws IOException {
        if (!DivertRoutes.neededBy(plan)) {
            removeRoutes(plan);
            return;
        }
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            programs.run(divert.addRoute(family), "");
            long present = list(divert.listRules(family)).filter(divert::isRule).count();
            if (present == 0) {
                programs.run(divert.addRule(family), "");
            }
            for (long surplus = present; surplus > 1; surplus--) {
                programs.run(divert.deleteRule(family), "");
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
            long present = list(divert.listRules(family)).filter(divert::isRule).count();
            for (long left = present; left > 0; left--) {
                programs.run(divert.deleteRule(family), "");
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
    private static ImmutableList<String> usable() throws IOException {
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
        return List.of("nft", "-sn", "list", "table", "inet", plan.table());
    }

    /** An owner is named by process, which the plan doesn't mean. */
    private static List<String> normal(List<String> listing) {
        return listing.stream()
                .map(line -> line.replaceFirst(" # progname .*", ""))
                .filter(line -> !line.isBlank() && !line.strip().equals("flags owner"))
                .toList();
    }

    private static ImmutableList<String> diff(List<String> meant, List<String> found) {
        Stream<String> missing =
                meant.stream().filter(line -> !found.contains(line)).map(line -> "- " + line.strip());
        Stream<String> surplus =
                found.stream().filter(line -> !meant.contains(line)).map(line -> "+ " + line.strip());
        ImmutableList<String> lines = Stream.concat(missing, surplus).collect(ImmutableList.toImmutableList());
        return lines.isEmpty() ? ImmutableList.of("the same rules in another order, or repeated") : lines;
    }

    private static List<String> join(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }
}
