package dev.throughline.policy;

import java.util.Optional;

/**
 * What a policy said of one flow.
 *
 * @param rule name of the rule that it hit; empty on a hop without a policy
 * @param outcome what becomes of it
 */
public record Decision(Optional<String> rule, Outcome outcome) {
    /** On a hop without a policy every flow goes its usual way. */
    static final Decision WITHOUT_POLICY = new Decision(Optional.empty(), Outcome.Allow.PLAIN);
}
