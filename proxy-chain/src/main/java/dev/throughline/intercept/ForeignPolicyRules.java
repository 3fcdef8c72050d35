package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the policy rules of other programs that lead packets of a hop away: those before the hop's own rule that diverted
 * packets meet first, and those that choose by a mark which the hop's own connections have. Also those whose order is
 * not what their program means: a rule without a priority gets that of the second rule less one, or 0.
 */
final class ForeignPolicyRules {
    private static final Pattern LINE = Pattern.compile("(\\d+):\\s+(not )?from (\\S+) (.*)");
    private static final Pattern FWMARK = Pattern.compile("fwmark 0x([0-9a-f]+)(?:/0x([0-9a-f]+))?(?= |$)");
    private static final Pattern FROM_DEVICE = Pattern.compile("iif (?!lo\\b)\\S+");
    private static final Pattern OTHER_PROTOCOL = Pattern.compile("ipproto (?!(?:6|tcp)\\b)\\S+");

    /** The kernel's own table of this host's addresses, 255; nothing that is diverted goes to one of them. */
    private static final Pattern LOCAL = Pattern.compile("lookup (?:255|local)\\b.*");

    private static final Pattern OTHER_HOP =
            Pattern.compile("fwmark 0x[0-9a-f]+/0x%x lookup \\d{5,6}".formatted(Marks.HOP_MASK));

    private ForeignPolicyRules() {}

    /**
     * Returns the rules that meet the packets of {@code plan}, in the order in which the kernel asks them.
     *
     * @param family {@code -4} or {@code -6}
     * @param lines what {@code ip -N FAMILY rule show} wrote
     */
    static ImmutableList<ForeignRule> of(String family, List<String> lines, RulePlan plan) {
        DivertRoutes ours = new DivertRoutes(plan.mark());
        boolean diverts = DivertRoutes.neededBy(plan) && lines.stream().anyMatch(ours::leadsHere);
        boolean before = diverts;
        List<ForeignRule> found = new ArrayList<>();
        for (String line : lines) {
            Matcher rule = LINE.matcher(line.strip().replaceAll("\\s+", " "));
            if (ours.leadsHere(line)) {
                before = false;
            }
            if (!rule.matches()
                    || ours.leadsHere(line)
                    || LOCAL.matcher(rule.group(4)).matches()) {
                continue;
            }
            String place = "ip %s rule, priority %s".formatted(family, rule.group(1));
            if (before && meets(rule, Marks.diverted(plan.mark(), 0))) {
                found.add(new ForeignRule(
                        place,
                        line.strip(),
                        "comes before the hop's rule: captured connections go where it leads, and are lost"));
            } else if (diverts
                    && !before
                    && rule.group(1).equals("0")
                    && !OTHER_HOP.matcher(rule.group(4)).find()) {
                found.add(
                        new ForeignRule(
                                place,
                                line.strip(),
                                "was added without a priority, and has 0 because the hop's rule has:"
                                        + " such rules are asked in the order in which they were added, not the last one first"));
            } else if (line.contains("fwmark") && meets(rule, plan.mark()) && !meets(rule, 0)) {
                found.add(new ForeignRule(
                        place, line.strip(), "decides where the hop's own connections go, because of their mark"));
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
