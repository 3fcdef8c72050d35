package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.InterceptionMethod;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The policy rule and the route that bring a diverted packet back in over {@code lo}, for IPv4 and IPv6.
 *
 * <p>The routing table's number is the captured bit and the hop's mark, 65537 to 131071: one table a hop, clear of
 * 253 to 255 (default, main, local) and of the small numbers that people and other software choose. The rule's priority
 * is 100, or lower where another program's rule could take a diverted packet first: a rule that is added without a priority
 * gets one below all others, and so the running hop moves its own below that again. A priority of 0 would keep others from
 * getting ahead for good, but the kernel then gives 0 to all rules without a priority, in the order in which they come:
 * wg-quick's two rules work in the opposite order only. Rule and routes have the protocol "kernel": systemd-networkd removes
 * all others that it didn't make (systemd.network(5), ManageForeignRoutingPolicyRules).
 *
 * @param hop the hop's mark
 */
record DivertRoutes(int hop) {
    /** Where nobody's rule is before that. */
    static final int PRIORITY = 100;

    /** Above that of the route by {@code lo} in either family (0, and 1024). */
    private static final int FIRST_METRIC = 2000;

    private static final Pattern LINK = Pattern.compile("(\\d+): ([^@:\\s]+)[@:]");
    private static final Pattern ROUTE = Pattern.compile("(?:2|local) default dev (\\S+)");
    private static final Pattern METRIC = Pattern.compile(" metric (\\d+)");

    static final String NO_TABLE = "FIB table does not exist";

    static final ImmutableList<String> FAMILIES = ImmutableList.of("-4", "-6");

    /** Whether {@code plan} diverts at all; redirection needs no routes. */
    static boolean neededBy(RulePlan plan) {
        return plan.captures().stream().anyMatch(capture -> capture.way() == InterceptionMethod.TPROXY);
    }

    /** All commands that set the routes up on a host that has none of them. */
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

    /** Fails, in words that hold {@link #NO_TABLE}, on a table without routes. */
    ImmutableList<String> listRoutes(String family) {
        return ImmutableList.of("ip", "-N", family, "route", "show", "table", number());
    }

    /** Adding an equal rule again fails with "File exists", or piles up on kernels before 4.17: look first. */
    ImmutableList<String> addRule(String family, int priority) {
        return rule(family, "add", priority);
    }

    ImmutableList<String> deleteRule(String family, int priority) {
        return rule(family, "del", priority);
    }

    /**
     * Beside the route by {@code lo}, each device has one: a socket that is bound to a device (SO_BINDTODEVICE, or a link-local
     * address) takes routes by that device alone. Local routes deliver over {@code lo} whatever their device.
     */
    ImmutableList<String> addRoute(String family, Device device) {
        ImmutableList.Builder<String> command = ImmutableList.builder();
        command.add("ip", family, "route", "replace", "local", "default", "dev", device.name(), "proto", "kernel");
        if (!device.equals(Device.LO)) {
            // Two routes that differ in nothing but their device are one route to IPv4, or to IPv6 one of two paths.
            command.add("metric", Integer.toString(FIRST_METRIC + device.index()));
        }
        return command.add("table", number()).build();
    }

    ImmutableList<String> flushRoutes(String family) {
        return ImmutableList.of("ip", family, "route", "flush", "table", number());
    }

    /** Whether a line of {@link #listRules} is this rule, at whichever priority. */
    boolean isRule(String line) {
        return line.strip()
                .replaceAll("\\s+", " ")
                .replaceFirst("^\\d+: ", "")
                .equals("from all fwmark %s lookup %s".formatted(fwmark(), number()));
    }

    /** The priority of a line of {@link #listRules}. */
    static int priority(String line) {
        return Integer.parseUnsignedInt(line.strip(), 0, line.strip().indexOf(':'), 10);
    }

    /** Whether a line of {@link #listRules} leads into the hop's table, be it as meant or not. */
    boolean leadsHere(String line) {
        return (line.strip() + " ").contains(" lookup " + number() + " ");
    }

    /** The device of a line of {@link #listRoutes}, if it is one of these routes; -N shows a local route's type as 2. */
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

    /** A network device, by its name and its index. */
    record Device(String name, int index) {
        static final Device LO = new Device("lo", 1);

        /**
         * The device of a line of {@code ip -o link show}. A port of a bridge has none of its own: its packets are the
         * bridge's.
         */
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
