package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.Way;
import java.util.stream.Stream;

/**
 * The policy rule and the route that bring a diverted packet back in over {@code lo}, for IPv4 and IPv6.
 *
 * <p>The routing table's number is the captured bit and the hop's mark, 65537 to 131071: one table a hop, clear of
 * 253 to 255 (default, main, local) and of the small numbers that people and other software choose. The rule's priority
 * is 0 for every hop, which is that of the kernel's own rule for local addresses: a rule that is added later, with any
 * priority or none, comes after it, so no VPN gets ahead. Rule and routes have the protocol "kernel": systemd-networkd
 * removes all others that it didn't make (systemd.network(5), ManageForeignRoutingPolicyRules).
 *
 * @param hop the hop's mark
 */
record DivertRoutes(int hop) {
    static final int PRIORITY = 0;

    /** The priority of the rule in earlier versions. */
    static final int OLD_PRIORITY = 100;

    static final String NO_TABLE = "FIB table does not exist";

    static final ImmutableList<String> FAMILIES = ImmutableList.of("-4", "-6");

    /** Whether {@code plan} diverts at all; redirection needs no routes. */
    static boolean neededBy(RulePlan plan) {
        return plan.captures().stream().anyMatch(capture -> capture.way() == Way.TPROXY);
    }

    /** All commands that set the routes up on a host that has none of them. */
    ImmutableList<ImmutableList<String>> commands() {
        return FAMILIES.stream()
                .flatMap(family -> Stream.of(addRoute(family), addRule(family)))
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
    ImmutableList<String> addRule(String family) {
        return rule(family, "add");
    }

    ImmutableList<String> deleteRule(String family) {
        return rule(family, "del");
    }

    ImmutableList<String> addRoute(String family) {
        return ImmutableList.of(
                "ip", family, "route", "replace", "local", "default", "dev", "lo", "proto", "kernel", "table",
                number());
    }

    ImmutableList<String> flushRoutes(String family) {
        return ImmutableList.of("ip", family, "route", "flush", "table", number());
    }

    /** Whether a line of {@link #listRules} is this rule. */
    boolean isRule(String line) {
        return line.strip()
                .replaceAll("\\s+", " ")
                .equals("%d: from all fwmark %s lookup %s".formatted(PRIORITY, fwmark(), number()));
    }

    /** Whether a line of {@link #listRules} leads into the hop's table, be it as meant or not. */
    boolean leadsHere(String line) {
        return (line.strip() + " ").contains(" lookup " + number() + " ");
    }

    /** Whether a line of {@link #listRoutes} is this route; with -N a local route begins with its type's number, 2. */
    static boolean isRoute(String line) {
        return line.matches("(2|local) default dev lo\\b.*");
    }

    private ImmutableList<String> rule(String family, String verb) {
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
                Integer.toString(PRIORITY),
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
