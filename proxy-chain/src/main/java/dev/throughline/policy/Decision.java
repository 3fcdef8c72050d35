package dev.throughline.policy;

import java.util.Optional;

/**
 * The decision of a policy about one flow.
 *
 * @param rule name of the rule that matched; empty on a hop without a policy
 * @param outcome the outcome of that rule
 * @param notKnown the missing fact about the originator, if it decides whether the rule matches
 */
public record Decision(Optional<String> rule, Outcome outcome, Optional<String> notKnown) {
    /** The decision of a hop without a policy: the flow takes the default route. */
    static final Decision WITHOUT_POLICY = new Decision(Optional.empty(), Outcome.Allow.PLAIN);

    /** Returns the decision of a rule that matches the flow. */
    public Decision(Optional<String> rule, Outcome outcome) {
        this(rule, outcome, Optional.empty());
    }

    static Decision of(PolicyRule rule) {
        return new Decision(Optional.of(rule.name()), rule.then());
    }

    Decision unsure(String why) {
        return new Decision(rule, outcome, Optional.of(why));
    }

    Decision denied() {
        return new Decision(rule, new Outcome.Deny(), notKnown);
    }

    /** Returns the rule and the missing fact as text for the log. */
    @Override
    public String toString() {
        return rule.map(name -> "rule " + name).orElse("")
                + notKnown.map(why -> " may match: " + why).orElse("");
    }
}
