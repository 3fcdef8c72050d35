package dev.throughline.intercept;

import com.google.common.base.Splitter;
import java.util.List;
import java.util.Optional;

/**
 * A policy rule of the host's routing (ip-rule(8)), as {@code ip -N rule show} writes it.
 *
 * @param text the line
 * @param words the line's words after the priority
 */
record RoutingPolicyRule(String text, List<String> words) {
    /** The kernel's table of local addresses; a diverted packet to such an address stays on this host anyway. */
    private static final String LOCAL = "255";

    static RoutingPolicyRule parse(String line) {
        String rule = line.substring(line.indexOf(':') + 1).strip();
        return new RoutingPolicyRule(line, Splitter.on(' ').omitEmptyStrings().splitToList(rule.replace('\t', ' ')));
    }

    /** The routing table that it leads to; empty if it ends or redirects the search instead. */
    Optional<String> table() {
        return after("lookup").or(() -> after("table"));
    }

    /** Whether a packet of this host with {@code mark} can fit the rule. What isn't known here counts as fitting. */
    boolean canTake(int mark) {
        if (table().filter(LOCAL::equals).isPresent() || words.contains("goto") || words.contains("nop")) {
            return false;
        }
        if (after("iif").filter(device -> !device.equals("lo")).isPresent()) {
            return words.contains("not");
        }
        return after("fwmark")
                .map(condition -> fits(condition, mark) != words.contains("not"))
                .orElse(true);
    }

    /** Whether the rule takes a route that {@code ip route show} wrote: not one that is too wide for it. */
    boolean uses(String route) {
        return after("suppress_prefixlength").isEmpty() || !route.matches("(\\d+ )?default\\b.*");
    }

    private static boolean fits(String condition, int mark) {
        List<String> parts = Splitter.on('/').splitToList(condition);
        try {
            int value = Long.decode(parts.getFirst()).intValue();
            int mask = parts.size() > 1 ? Long.decode(parts.get(1)).intValue() : -1;
            return (mark & mask) == (value & mask);
        } catch (NumberFormatException e) {
            return true;
        }
    }

    private Optional<String> after(String word) {
        int at = words.indexOf(word);
        return at >= 0 && at + 1 < words.size() ? Optional.of(words.get(at + 1)) : Optional.empty();
    }
}
