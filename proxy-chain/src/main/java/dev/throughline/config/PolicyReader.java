package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Maps;
import dev.throughline.policy.Condition;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import dev.throughline.policy.PolicyRule;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The reader of the {@code policy} of a configuration. The last rule must match every flow, and every rule must be
 * reachable.
 */
final class PolicyReader {
    private static final ImmutableMap<String, Outcome> WORDS =
            ImmutableMap.of("allow", Outcome.Allow.PLAIN, "deny", new Outcome.Deny());

    private static final ImmutableMap<String, Boolean> IF_UNKNOWN = ImmutableMap.of("refuse", false, "next", true);

    private final ImmutableSet<String> routes;
    private final ImmutableSet<String> classes;

    /** Creates a reader for rules that may use these routes and classes. */
    PolicyReader(ImmutableSet<String> routes, ImmutableSet<String> classes) {
        this.routes = routes;
        this.classes = classes;
    }

    /** Returns the policy; empty if there is none, or if it has a problem, which is reported. */
    Policy read(Section root) {
        if (!root.has("policy")) {
            return Policy.NONE;
        }
        ImmutableList.Builder<PolicyRule> rules = ImmutableList.builder();
        Set<String> names = new HashSet<>();
        boolean ended = false;
        for (Section section : root.sections("policy", "a rule")) {
            try (section) {
                if (ended) {
                    section.problem(
                            "name", "unreachable rule: a rule before it has no conditions and matches every flow");
                }
                rule(section, names).ifPresent(rules::add);
                ended |= !section.has("when") && !section.has("unless");
            }
        }
        if (!ended) {
            root.problem(
                    "policy",
                    "the policy has no default: end it with a rule without conditions, such as"
                            + " \"- { name: rest, then: deny }\"");
        }
        ImmutableList<PolicyRule> all = rules.build();
        return all.isEmpty() || !all.getLast().isUnconditional() ? Policy.NONE : new Policy(all);
    }

    private Optional<PolicyRule> rule(Section section, Set<String> names) {
        Optional<String> name = section.required("name", ConfigReader::hopName);
        if (!name.map(names::add).orElse(true)) {
            section.problem("name", "duplicate rule name \"" + name.get() + "\"");
        }
        ImmutableList<Condition> when = conditions(section, "when");
        ImmutableList<Condition> unless = conditions(section, "unless");
        Optional<Outcome> then = then(section);
        boolean passesUnknown = section.optional("if-unknown", text -> Values.word(text, IF_UNKNOWN))
                .orElse(false);
        if (section.has("if-unknown") && when.isEmpty() && unless.isEmpty()) {
            section.problem("if-unknown", "\"if-unknown\" has no effect in a rule without conditions");
        }
        return name.flatMap(
                called -> then.map(outcome -> new PolicyRule(called, when, unless, outcome, passesUnknown)));
    }

    private static ImmutableList<Condition> conditions(Section rule, String key) {
        if (!rule.has(key)) {
            return ImmutableList.of();
        }
        try (Section section = rule.section(key)) {
            return new ConditionReader(section, key).read();
        }
    }

    private Optional<Outcome> then(Section rule) {
        if (!rule.isMapping("then")) {
            return rule.required("then", text -> Values.word(text, WORDS));
        }
        try (Section then = rule.section("then")) {
            Optional<String> route = then.optional("route", text -> declared(text, routes, "routes"));
            Optional<String> limitsClass = then.optional("class", text -> declared(text, classes, "classes"));
            if (!then.has("route") && !then.has("class")) {
                rule.problem("then", "expected \"allow\", \"deny\", or a mapping with \"route\", \"class\" or both");
            }
            return Optional.of(new Outcome.Allow(route, limitsClass));
        }
    }

    private static String declared(String name, ImmutableSet<String> names, String where) {
        if (names.isEmpty()) {
            throw new IllegalArgumentException("\"" + name + "\" is not in \"" + where + "\" of this file");
        }
        return Values.word(name, Maps.toMap(names, known -> known));
    }
}
