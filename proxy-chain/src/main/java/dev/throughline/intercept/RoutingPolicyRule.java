package dev.throughline.intercept;

import com.google.common.base.Splitter;
import java.util.List;
import java.util.Optional;

/**
 * A policy rule of routing (ip-rule(8)), parsed from {@code ip -N rule show}.
 *
 * @param text the line
 * @param words the words of the line after the priority
 */
record RoutingPolicyRule(String text, List<String> words) {
    /** The kernel's table of local addresses. A diverted packet to such an address stays on this host anyway. */
    private static final String LOCAL = "255";

    static RoutingPolicyRule parse(String line) {
        String rule = line.substring(line.indexOf(':') + 1).strip();
        return new RoutingPolicyRule(line, Splitter.on(' ').omitEmptyStrings().splitToList(rule.replace('\t', ' ')));
    }

    /** Returns the routing table of the rule; empty if its action isn't a lookup. */
    Optional<String> table() {
        return after("lookup").or(() -> after("table"));
    }

    /**
     * Returns whether the rule can match a packet of this host with {@code mark}. Unknown selectors count as matching.
     */
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

    /**
     * Returns whether the rule uses a route from {@code ip route show}: it skips routes that its suppressor excludes.
     */
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
