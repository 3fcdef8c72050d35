package dev.throughline.policy;

import java.util.Optional;

/**
 * What a policy said of one flow.
 *
 * @param rule name of the rule that it hit; empty on a hop without a policy
 * @param outcome what becomes of it
 * @param notKnown what isn't known of its originator, if it can't be said for want of that whether the rule is about it
 */
public record Decision(Optional<String> rule, Outcome outcome, Optional<String> notKnown) {
    /** On a hop without a policy every flow goes its usual way. */
    static final Decision WITHOUT_POLICY = new Decision(Optional.empty(), Outcome.Allow.PLAIN);

    /** The decision of a rule that is about the flow. */
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

    /** In words for a log: the rule, and what isn't known. */
    @Override
    public String toString() {
        return rule.map(name -> "rule " + name).orElse("")
                + notKnown.map(why -> " may match: " + why).orElse("");
    }
}
