package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A search for policy rules of other programs that affect a hop's packets: rules before the hop's own rule that match
 * diverted packets, and rules that match the mark of the hop's own connections. It also finds rules in an unintended
 * order: a rule that is added without a priority gets the second rule's priority minus one, or 0.
 */
final class ForeignPolicyRules {
    private static final Pattern LINE = Pattern.compile("(\\d+):\\s+(not )?from (\\S+) (.*)");
    private static final Pattern FWMARK = Pattern.compile("fwmark 0x([0-9a-f]+)(?:/0x([0-9a-f]+))?(?= |$)");
    private static final Pattern FROM_DEVICE = Pattern.compile("iif (?!lo\\b)\\S+");
    private static final Pattern OTHER_PROTOCOL = Pattern.compile("ipproto (?!(?:6|tcp)\\b)\\S+");

    /** Table 255 (local) has this host's addresses; packets to them are never diverted. */
    private static final Pattern LOCAL = Pattern.compile("lookup (?:255|local)\\b.*");

    private static final Pattern OTHER_HOP =
            Pattern.compile("fwmark 0x[0-9a-f]+/0x%x lookup \\d{5,6}".formatted(Marks.HOP_MASK));

    private ForeignPolicyRules() {}

    /**
     * Returns the rules that match packets of {@code plan}, in the order in which the kernel evaluates them.
     *
     * @param family {@code -4} or {@code -6}
     * @param lines output of {@code ip -N FAMILY rule show}
     */
    static ImmutableList<ForeignRule> of(String family, List<String> lines, RulePlan plan) {
        DivertRoutes ours = new DivertRoutes(plan.mark());
        boolean diverts = DivertRoutes.neededBy(plan) && lines.stream().anyMatch(ours::refersToTable);
        boolean before = diverts;
        List<ForeignRule> found = new ArrayList<>();
        for (String line : lines) {
            Matcher rule = LINE.matcher(line.strip().replaceAll("\\s+", " "));
            if (ours.refersToTable(line)) {
                before = false;
            }
            if (!rule.matches()
                    || ours.refersToTable(line)
                    || LOCAL.matcher(rule.group(4)).matches()) {
                continue;
            }
            String location = "ip %s rule, priority %s".formatted(family, rule.group(1));
            if (before && meets(rule, Marks.diverted(plan.mark(), 0))) {
                found.add(new ForeignRule(
                        location,
                        line.strip(),
                        "comes before the hop's rule and takes captured connections, which are lost"));
            } else if (diverts
                    && !before
                    && rule.group(1).equals("0")
                    && !OTHER_HOP.matcher(rule.group(4)).find()) {
                found.add(
                        new ForeignRule(
                                location,
                                line.strip(),
                                "was added without a priority, and has 0 because the hop's rule has:"
                                        + " the kernel evaluates such rules in the order in which they were added, not the last one first"));
            } else if (line.contains("fwmark") && meets(rule, plan.mark()) && !meets(rule, 0)) {
                found.add(new ForeignRule(
                        location,
                        line.strip(),
                        "matches the mark of the hop's own connections and decides their route"));
            }
        }
        return ImmutableList.copyOf(found);
    }

    private static boolean meets(Matcher rule, int mark) {
        String conditions = rule.group(4);
        if (FROM_DEVICE.matcher(conditions).find()
                || OTHER_PROTOCOL.matcher(conditions).find()) {
            return rule.group(2) != null;
        }
        Matcher fwmark = FWMARK.matcher(conditions);
        boolean matches = true;
        if (fwmark.find()) {
            int value = Integer.parseUnsignedInt(fwmark.group(1), 16);
            int mask = fwmark.group(2) == null ? ~0 : Integer.parseUnsignedInt(fwmark.group(2), 16);
            matches = (mark & mask) == value;
        }
        return rule.group(2) == null ? matches : !matches;
    }
}
