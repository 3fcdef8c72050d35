package dev.throughline.policy;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Iterables;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An ordered list of rules; the first one that matches a flow decides. The last rule matches every flow, so the default
 * is always explicit.
 *
 * @param rules empty on a hop without a policy
 */
public record Policy(ImmutableList<PolicyRule> rules) {
    private static final PolicyRequest UNKNOWN_ORIGINATOR = new PolicyRequest(
            new Originator(
                    HostId.of("unknown"),
                    new FlowId(0, 0),
                    Instant.EPOCH,
                    Tuple.tcp(new InetSocketAddress("0.0.0.0", 0), new InetSocketAddress("0.0.0.0", 0)),
                    InterceptionMethod.SOCKET,
                    ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX)),
            Optional.empty());

    /** No policy: every flow takes the default route. */
    public static final Policy NONE = new Policy(ImmutableList.of());

    /**
     * Checks the last rule.
     *
     * @throws IllegalArgumentException if the last rule has conditions
     */
    public Policy {
        checkArgument(
                rules.isEmpty() || Iterables.getLast(rules).isUnconditional(),
                "a policy ends with a rule without conditions");
    }

    /**
     * Returns the outcome for a flow. Denies it if a missing fact about the originator decides between two outcomes.
     */
    public Decision decide(PolicyRequest request) {
        if (rules.isEmpty()) {
            return Decision.WITHOUT_POLICY;
        }
        List<Decision> possible = new ArrayList<>();
        for (PolicyRule rule : rules) {
            if (rule.isRuledOut(request)) {
                continue;
            }
            Decision said = Decision.of(rule);
            PolicyRule.Match match = rule.match(request);
            // Not a switch over types, which is slow without the optimizing compiler: this runs for each flow.
            if (match instanceof PolicyRule.Match.Yes) {
                return decided(said, possible);
            }
            if (match instanceof PolicyRule.Match.Unsure(String why) && !rule.passesUnknown()) {
                possible.add(said.unsure(why));
            }
        }
        throw new IllegalStateException("no rule matches this flow, although the last one matches all");
    }

    /** Returns the decision of the rule that matches, unless an earlier one may match and has another outcome. */
    private static Decision decided(Decision said, List<Decision> possible) {
        if (said.outcome() instanceof Outcome.Deny) {
            return said;
        }
        for (Decision other : possible) {
            if (!other.outcome().equals(said.outcome())) {
                return other.denied();
            }
        }
        return said;
    }

    /**
     * Returns the names of the rules that allow flows with an unknown originator, to some destinations at least. Empty if no rule has a
     * condition on the originator.
     */
    public ImmutableList<String> allowUnknown() {
        ImmutableList.Builder<String> names = ImmutableList.builder();
        List<Outcome> possible = new ArrayList<>();
        for (PolicyRule rule : rules) {
            PolicyRule anywhere = rule.toAnyDestination();
            PolicyRule.Match match = anywhere.match(UNKNOWN_ORIGINATOR);
            if (match instanceof PolicyRule.Match.Unsure && !rule.passesUnknown() && anywhere.equals(rule)) {
                possible.add(rule.then());
            }
            if (match instanceof PolicyRule.Match.Yes) {
                boolean isPossible = possible.stream().allMatch(rule.then()::equals);
                if (isPossible && rule.then() instanceof Outcome.Allow) {
                    names.add(rule.name());
                }
                if (anywhere.equals(rule)) {
                    break;
                }
            }
        }
        return rules.stream().anyMatch(PolicyRule::hasOriginatorCondition) ? names.build() : ImmutableList.of();
    }

    /** The evaluation of a policy: the rules that were tried, in order; the last one matched. */
    public ImmutableList<Step> explain(PolicyRequest request) {
        ImmutableList.Builder<Step> steps = ImmutableList.builder();
        for (PolicyRule rule : rules) {
            PolicyRule.Match match = rule.match(request);
            steps.add(new Step(rule, match));
            if (match instanceof PolicyRule.Match.Yes) {
                break;
            }
        }
        return steps.build();
    }

    /**
     * A rule that was tried.
     *
     * @param match whether the rule matched
     */
    public record Step(PolicyRule rule, PolicyRule.Match match) {}
}
