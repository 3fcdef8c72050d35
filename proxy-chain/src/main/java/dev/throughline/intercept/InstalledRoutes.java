package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.throughline.intercept.DivertRoutes.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The installed routes and policy rules for diverted packets in one network namespace, accessed through {@code ip}.
 * Methods change only the plan's own routing table and policy rule.
 */
final class InstalledRoutes {
    private static final Path IPV6_OFF = Path.of("/proc/sys/net/ipv6/conf/lo/disable_ipv6");

    private final CommandRunner programs;

    InstalledRoutes(CommandRunner programs) {
        this.programs = programs;
    }

    /** Adds missing routes and rules, for a plan that needs them. */
    void add(RulePlan plan) throws IOException {
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            addRoutes(divert, family);
            placeRule(divert, family);
        }
    }

    /** Ensures that there is exactly one rule, before all foreign rules that could match a diverted packet. */
    private void placeRule(DivertRoutes divert, String family) throws IOException {
        List<String> lines = list(divert.listRules(family)).toList();
        List<Integer> present = lines.stream()
                .filter(divert::isRule)
                .map(DivertRoutes::priority)
                .toList();
        boolean behind = !ahead(divert, family, lines).isEmpty();
        int first = lowestForeignPriority(divert, lines);
        int kept;
        if (present.isEmpty() || (behind && first > 0)) {
            kept = Math.max(0, Math.min(DivertRoutes.PRIORITY, first - 1));
            // The new rule is added before the old one is removed, so that there always is one.
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

    /** One process adds the routes of all devices; a device that goes down meanwhile needs none. */
    private void addRoutes(DivertRoutes divert, String family) throws IOException {
        List<Device> devices = devices();
        List<String> commands = devices.stream()
                .map(device -> divert.addRoute(family, device))
                .map(command -> String.join(" ", command.subList(2, command.size())))
                .toList();
        List<String> batch = List.of("ip", family, "-force", "-batch", "-");
        CommandRunner.Result result = programs.attempt(batch, String.join("\n", commands) + "\n");
        if (result.code() != 0 && (devices.equals(devices()) || !result.error().contains("Command failed"))) {
            throw CommandRunner.failure(batch, result.code(), result.error());
        }
    }

    /** Returns the devices that are up, {@code lo} first. */
    private ImmutableList<Device> devices() throws IOException {
        return Stream.concat(
                        Stream.of(Device.LO),
                        list(List.of("ip", "-o", "link", "show", "up"))
                                .flatMap(line -> Device.parse(line).stream())
                                .filter(device -> !device.equals(Device.LO))
                                .sorted(Comparator.comparingInt(Device::index)))
                .collect(ImmutableList.toImmutableList());
    }

    /** Adds routes for devices that have come up. */
    void addForDevices(RulePlan plan) throws IOException {
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            Set<Device> present = routes(divert, family)
                    .flatMap(line -> DivertRoutes.device(line).stream())
                    .collect(ImmutableSet.toImmutableSet());
            // A missing route over lo means that the table was flushed, which is reported as a loss.
            if (present.contains(Device.LO) && !present.containsAll(devices())) {
                addRoutes(divert, family);
            }
        }
    }

    /** Restores exactly the plan's routes and policy rules, and removes foreign entries from its table. */
    void repair(RulePlan plan) throws IOException {
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            if (routes(divert, family)
                    .anyMatch(line -> DivertRoutes.device(line).isEmpty())) {
                programs.run(divert.flushRoutes(family), "");
            }
            List<String> wrong = list(divert.listRules(family))
                    .filter(line -> divert.refersToTable(line) && !divert.isRule(line))
                    .toList();
            for (String line : wrong) {
                String priority = line.substring(0, line.indexOf(':')).strip();
                programs.run(
                        List.of("ip", family, "rule", "del", "priority", priority, "lookup", "" + divert.table()), "");
            }
        }
        add(plan);
    }

    void remove(RulePlan plan) throws IOException {
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

    /** Returns the address families that this kernel supports. */
    static ImmutableList<String> known() {
        return Files.exists(IPV6_OFF) ? DivertRoutes.FAMILIES : DivertRoutes.FAMILIES.subList(0, 1);
    }

    /** Returns the address families in which a route to lo can be set. */
    static ImmutableList<String> usable() throws IOException {
        boolean off =
                Files.exists(IPV6_OFF) && Files.readString(IPV6_OFF).strip().equals("1");
        return off ? DivertRoutes.FAMILIES.subList(0, 1) : known();
    }

    private Stream<String> routes(DivertRoutes divert, String family) throws IOException {
        List<String> command = divert.listRoutes(family);
        CommandRunner.Result result = programs.attempt(command, "");
        if (result.code() != 0 && !result.error().contains(DivertRoutes.NO_TABLE)) {
            throw CommandRunner.failure(command, result.code(), result.error());
        }
        return result.lines().stream();
    }

    /** Compares the expected with the installed entries, both as the commands that add them. */
    RuleLines compare(RulePlan plan) throws IOException {
        RuleLines lines = new RuleLines(new ArrayList<>(), new ArrayList<>());
        boolean needed = DivertRoutes.neededBy(plan);
        DivertRoutes divert = new DivertRoutes(plan.mark());
        // While IPv6 is disabled on lo, remaining rules have no effect, and nothing can be set.
        for (String family : needed ? usable() : known()) {
            String rule = String.join(" ", divert.addRule(family, DivertRoutes.PRIORITY));
            if (needed) {
                devices().forEach(device -> lines.expected().add(String.join(" ", divert.addRoute(family, device))));
                lines.expected().add(rule);
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
                    .filter(divert::refersToTable)
                    .map(line -> divert.isRule(line) ? rule : line.strip())
                    .forEach(lines.found()::add);
        }
        return lines;
    }

    /** Returns foreign policy rules that can match a diverted packet before this plan's rule. */
    Optional<String> rulesAhead(RulePlan plan) throws IOException {
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

    /**
     * Returns whether this plan's rule can be moved before all of {@link #rulesAhead}; that is impossible if one has
     * priority 0.
     */
    boolean canPassRulesAhead(RulePlan plan) throws IOException {
        DivertRoutes divert = new DivertRoutes(plan.mark());
        for (String family : usable()) {
            List<String> lines = list(divert.listRules(family)).toList();
            if (!ahead(divert, family, lines).isEmpty() && lowestForeignPriority(divert, lines) == 0) {
                return false;
            }
        }
        return true;
    }

    private static int lowestForeignPriority(DivertRoutes divert, List<String> lines) {
        return lines.stream()
                .filter(line ->
                        !divert.isRule(line) && RoutingPolicyRule.parse(line).canTake(divert.table()))
                .mapToInt(DivertRoutes::priority)
                .min()
                .orElse(Integer.MAX_VALUE);
    }

    private List<String> ahead(DivertRoutes divert, String family, List<String> lines) throws IOException {
        if (lines.stream().noneMatch(divert::isRule)) {
            return List.of();
        }
        List<String> ahead = new ArrayList<>();
        List<RoutingPolicyRule> rules = lines.stream()
                .takeWhile(line -> !divert.isRule(line))
                .map(RoutingPolicyRule::parse)
                .filter(rule -> rule.canTake(divert.table()))
                .toList();
        for (RoutingPolicyRule rule : rules) {
            if (rule.table().isEmpty() || hasRoutes(family, rule)) {
                ahead.add("ip " + family + " rule " + rule.text().strip().replaceAll("\\s+", " "));
            }
        }
        return ahead;
    }

    private boolean hasRoutes(String family, RoutingPolicyRule rule) throws IOException {
        List<String> command = List.of(
                "ip", "-N", family, "route", "show", "table", rule.table().orElseThrow());
        return programs.attempt(command, "").lines().stream().anyMatch(rule::uses);
    }

    private Stream<String> list(List<String> command) throws IOException {
        return programs.run(command, "").lines().stream();
    }
}
