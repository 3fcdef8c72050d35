package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.InterceptionMethod;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The policy rules and routes that deliver a diverted packet locally over {@code lo}, for IPv4 and IPv6.
 *
 * <p>The routing table's number is the captured bit plus the hop's mark, 65537 to 131071. This gives each hop one table
 * and avoids 253 to 255 (default, main, local) and the small numbers that other software uses. The rule's priority is
 * 100, or lower if a rule of another program could match a diverted packet first. A rule that is added without a
 * priority gets one before all others, so the running hop then moves its own rule ahead again. Priority 0 would prevent
 * that, but then the kernel would also give 0 to all rules without a priority, in the order in which they are added,
 * and wg-quick's two rules work only in the opposite order. Rule and routes have the protocol "kernel", because
 * systemd-networkd removes other foreign rules (systemd.network(5), ManageForeignRoutingPolicyRules).
 *
 * @param hop the hop's mark
 */
record DivertRoutes(int hop) {
    /** The priority if no other rule comes first. */
    static final int PRIORITY = 100;

    /** Above the metric of the route over {@code lo} in both families (0 and 1024). */
    private static final int FIRST_METRIC = 2000;

    private static final Pattern LINK = Pattern.compile("(\\d+): ([^@:\\s]+)[@:]");
    private static final Pattern ROUTE = Pattern.compile("(?:2|local) default dev (\\S+)");
    private static final Pattern METRIC = Pattern.compile(" metric (\\d+)");

    static final String NO_TABLE = "FIB table does not exist";

    static final ImmutableList<String> FAMILIES = ImmutableList.of("-4", "-6");

    /** Returns whether {@code plan} diverts packets; redirection needs no routes. */
    static boolean neededBy(RulePlan plan) {
        return plan.captures().stream().anyMatch(capture -> capture.method() == InterceptionMethod.TPROXY);
    }

    /** Returns the commands that set up all routes on a host without them. */
    ImmutableList<ImmutableList<String>> commands() {
        return FAMILIES.stream()
                .flatMap(family -> Stream.of(addRoute(family, Device.LO), addRule(family, PRIORITY)))
                .collect(ImmutableList.toImmutableList());
    }

    int table() {
        return Marks.diverted(hop, 0);
    }

    ImmutableList<String> listRules(String family) {
        return ImmutableList.of("ip", "-N", family, "rule", "show");
    }

    /** Fails with a message that contains {@link #NO_TABLE} if the table has no routes. */
    ImmutableList<String> listRoutes(String family) {
        return ImmutableList.of("ip", "-N", family, "route", "show", "table", number());
    }

    /**
     * Check for an equal rule before adding one: the kernel rejects a duplicate with "File exists", and before 4.17
     * adds it.
     */
    ImmutableList<String> addRule(String family, int priority) {
        return rule(family, "add", priority);
    }

    ImmutableList<String> deleteRule(String family, int priority) {
        return rule(family, "del", priority);
    }

    /**
     * Each device has a route besides the one over {@code lo}: a socket that is bound to a device (SO_BINDTODEVICE, or
     * a link-local address) uses only routes of that device. Local routes deliver over {@code lo} whatever their
     * device.
     */
    ImmutableList<String> addRoute(String family, Device device) {
        ImmutableList.Builder<String> command = ImmutableList.builder();
        command.add("ip", family, "route", "replace", "local", "default", "dev", device.name(), "proto", "kernel");
        if (!device.equals(Device.LO)) {
            // Each route has its own metric: IPv4 treats routes that differ only in their device as equal, and IPv6 as
            // paths of one route.
            command.add("metric", Integer.toString(FIRST_METRIC + device.index()));
        }
        return command.add("table", number()).build();
    }

    ImmutableList<String> flushRoutes(String family) {
        return ImmutableList.of("ip", family, "route", "flush", "table", number());
    }

    /** Returns whether a line of {@link #listRules} is this rule, at any priority. */
    boolean isRule(String line) {
        return line.strip()
                .replaceAll("\\s+", " ")
                .replaceFirst("^\\d+: ", "")
                .equals("from all fwmark %s lookup %s".formatted(fwmark(), number()));
    }

    /** Returns the priority of a line of {@link #listRules}. */
    static int priority(String line) {
        return Integer.parseUnsignedInt(line.strip(), 0, line.strip().indexOf(':'), 10);
    }

    /**
     * Returns whether a line of {@link #listRules} refers to the hop's table, even if the line differs from the hop's
     * rule.
     */
    boolean refersToTable(String line) {
        return (line.strip() + " ").contains(" lookup " + number() + " ");
    }

    /**
     * Returns the device of a line of {@link #listRoutes} if it is one of these routes; -N shows a local route's type
     * as 2.
     */
    static Optional<Device> device(String line) {
        Matcher route = ROUTE.matcher(line);
        if (!route.lookingAt()) {
            return Optional.empty();
        }
        Matcher metric = METRIC.matcher(line);
        return Optional.of(
                route.group(1).equals("lo")
                        ? Device.LO
                        : new Device(
                                route.group(1), metric.find() ? Integer.parseInt(metric.group(1)) - FIRST_METRIC : 0));
    }

    /** A network device. */
    record Device(String name, int index) {
        static final Device LO = new Device("lo", 1);

        /** Parses a line of {@code ip -o link show}. Empty for a port of a bridge, whose packets are the bridge's. */
        static Optional<Device> parse(String line) {
            Matcher link = LINK.matcher(line);
            return link.lookingAt() && !line.contains(" master ")
                    ? Optional.of(new Device(link.group(2), Integer.parseInt(link.group(1))))
                    : Optional.empty();
        }
    }

    private ImmutableList<String> rule(String family, String verb, int priority) {
        return ImmutableList.of(
                "ip",
                family,
                "rule",
                verb,
                "fwmark",
                fwmark(),
                "lookup",
                number(),
                "priority",
                Integer.toUnsignedString(priority),
                "protocol",
                "kernel");
    }

    private String fwmark() {
        return "0x%x/0x%x".formatted(table(), Marks.HOP_MASK);
    }

    private String number() {
        return Integer.toString(table());
    }
}
