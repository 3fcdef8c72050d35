package dev.throughline.config;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.budget.Caps;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import java.time.Duration;

/** The reader of the {@code budget} and the {@code classes} to which rules of the policy assign flows. */
final class BudgetReader {
    private static final int MOST = 1_000_000;

    private final Section root;
    private ImmutableSet<String> names = ImmutableSet.of();

    BudgetReader(Section root) {
        this.root = root;
    }

    BudgetConfig budget() {
        PoolRule usual = PoolRule.DEFAULT;
        try (Section section = root.section("budget")) {
            int reserve = section.optional("reserve", text -> Values.percent(text, 99), usual.reservePercent());
            int soft = section.optional("soft", text -> Values.percent(text, 100), usual.softPercent());
            int low = section.optional("low", text -> Values.percent(text, 100), Math.min(soft, usual.lowPercent()));
            Duration floor = section.optional(
                    "idle-floor",
                    text -> Values.duration(text, Duration.ofSeconds(1), Duration.ofDays(30)),
                    usual.idleFloor());
            int waiting =
                    section.optional("waiting", text -> Values.integer(text, 0, MOST), BudgetConfig.DEFAULT.waiting());
            ImmutableMap<String, Integer> nextHops = nextHops(section);
            if (low > soft) {
                section.problem("low", "\"low\" must not be above \"soft\"");
                return BudgetConfig.DEFAULT;
            }
            return new BudgetConfig(new PoolRule(reserve, soft, low, floor), waiting, nextHops);
        }
    }

    private static ImmutableMap<String, Integer> nextHops(Section parent) {
        ImmutableMap.Builder<String, Integer> capacities = ImmutableMap.builder();
        try (Section section = parent.section("next-hops")) {
            for (String hop : section.names(ConfigReader::hopName)) {
                section.optional(hop, text -> Values.integer(text, 1, MOST))
                        .ifPresent(flows -> capacities.put(hop, flows));
            }
        }
        return capacities.buildOrThrow();
    }

    ImmutableMap<String, LimitClass> classes() {
        ImmutableMap.Builder<String, LimitClass> classes = ImmutableMap.builder();
        try (Section section = root.section("classes")) {
            names = section.names(ConfigReader::hopName);
            names.forEach(name -> classes.put(name, limitClass(section, name)));
        }
        return classes.buildOrThrow();
    }

    /** Returns the names of {@link #classes} for rules. */
    ImmutableSet<String> names() {
        return names;
    }

    private static LimitClass limitClass(Section parent, String name) {
        try (Section section = parent.section(name)) {
            Caps caps = new Caps(
                    cap(section, "per-process"),
                    cap(section, "per-executable"),
                    cap(section, "per-user"),
                    cap(section, "per-destination"),
                    cap(section, "per-executable-and-destination"));
            return new LimitClass(
                    name,
                    caps,
                    section.optional("falls-over", Values::flag, LimitClass.DEFAULT.fallsOver()),
                    section.optional(
                            "wait",
                            text -> Values.duration(text, Duration.ZERO, Duration.ofMinutes(1)),
                            LimitClass.DEFAULT_WAIT));
        }
    }

    private static int cap(Section section, String key) {
        return section.optional(key, text -> Values.integer(text, 1, MOST), Caps.NONE);
    }
}
