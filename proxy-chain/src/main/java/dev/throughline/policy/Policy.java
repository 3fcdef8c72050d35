package dev.throughline.policy;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Iterables;
import java.util.Optional;

/**
 * Rules in order, of which the first that is about a flow decides. The last one is about every flow, so that nothing is
 * allowed, or denied, that nobody has written down.
 *
 * @param rules empty on a hop without a policy
 */
public record Policy(ImmutableList<PolicyRule> rules) {
    /** No policy: every flow goes its usual way. */
    public static final Policy NONE = new Policy(ImmutableList.of());

    /**
     * Checks the end.
     *
     * @throws IllegalArgumentException if the last rule has conditions
     */
    public Policy {
        checkArgument(
                rules.isEmpty() || Iterables.getLast(rules).isUnconditional(),
                "a policy ends with a rule without conditions");
    }

    /** What becomes of a flow. */
    public Decision decide(Question question) {
        if (rules.isEmpty()) {
            return Decision.WITHOUT_POLICY;
        }
        for (PolicyRule rule : rules) {
            if (rule.objection(question).isEmpty()) {
                return decision(rule);
            }
        }
        throw new IllegalStateException("no rule is about this flow, though the last one is about all");
    }

    /** How a policy came to its decision: the rules that it looked at, in order; the last one is the one that was hit. */
    public ImmutableList<Step> explain(Question question) {
        ImmutableList.Builder<Step> steps = ImmutableList.builder();
        for (PolicyRule rule : rules) {
            Optional<PolicyRule.Objection> objection = rule.objection(question);
            steps.add(new Step(rule, objection));
            if (objection.isEmpty()) {
                break;
            }
        }
        return steps.build();
    }

    private static Decision decision(PolicyRule rule) {
        return new Decision(Optional.of(rule.name()), rule.then());
    }

    /**
     * One rule that was looked at.
     *
     * @param objection why it isn't about the flow; empty if it is
     */
    public record Step(PolicyRule rule, Optional<PolicyRule.Objection> objection) {}
}
