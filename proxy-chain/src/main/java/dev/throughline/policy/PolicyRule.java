package dev.throughline.policy;

import com.google.common.collect.ImmutableList;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One rule of a policy. It matches a flow if all conditions of {@code when} hold, unless all conditions of {@code
 * unless} hold.
 *
 * @param name unique in its policy; used in logs and metrics
 * @param when may be empty
 * @param unless empty if there are no exceptions
 * @param then the outcome for flows that match
 * @param passesUnknown whether the next rule is tried if a missing fact decides whether this one matches; otherwise the flow is refused
 *     if the rules differ in their outcome
 */
public record PolicyRule(
        String name,
        ImmutableList<Condition> when,
        ImmutableList<Condition> unless,
        Outcome then,
        boolean passesUnknown) {
    /** Creates a rule with the default for missing facts: refuse. */
    public PolicyRule(String name, ImmutableList<Condition> when, ImmutableList<Condition> unless, Outcome then) {
        this(name, when, unless, then, false);
    }

    /** Returns whether the rule matches every flow. */
    public boolean isUnconditional() {
        return when.isEmpty() && unless.isEmpty();
    }

    /** Returns whether the rule has a condition on the originator. */
    boolean hasOriginatorCondition() {
        return Stream.concat(when.stream(), unless.stream()).anyMatch(Condition::isAboutOriginator);
    }

    /** Returns this rule without its conditions on host and destination. */
    PolicyRule toAnyDestination() {
        boolean excepts = unless.stream().allMatch(Condition::isAboutOriginator);
        return new PolicyRule(
                name,
                when.stream().filter(Condition::isAboutOriginator).collect(ImmutableList.toImmutableList()),
                excepts ? unless : ImmutableList.of(),
                then,
                passesUnknown);
    }

    /** Returns whether a condition doesn't hold: {@link #match} then explains it, which costs much more. */
    boolean isRuledOut(PolicyRequest request) {
        for (Condition condition : when) {
            if (!condition.holds(request) && !condition.isUnsure(request)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Evaluates the rule for a flow. A mismatch names the first condition that doesn't hold, or the exception that
     * does.
     */
    Match match(PolicyRequest request) {
        Optional<Condition> unsure = Optional.empty();
        for (Condition condition : when) {
            if (condition.isUnsure(request)) {
                unsure = unsure.isPresent() ? unsure : Optional.of(condition);
            } else if (!condition.holds(request)) {
                return Match.no(condition, request);
            }
        }
        if (!unless.isEmpty() && isExcepted(request)) {
            return new Match.No(
                    "excepted, since "
                            + unless.stream()
                                    .map(condition -> Match.found(condition, request))
                                    .collect(Collectors.joining(" and ")),
                    false);
        }
        // An unknown exception doesn't count for a deny rule, and makes the match of an allow rule unsure.
        if (unsure.isEmpty() && !(then instanceof Outcome.Deny)) {
            unsure = possibleException(request);
        }
        return unsure.isPresent() ? new Match.Unsure(Match.found(unsure.get(), request)) : new Match.Yes();
    }

    private boolean isExcepted(PolicyRequest request) {
        for (Condition condition : unless) {
            if (!condition.holds(request)) {
                return false;
            }
        }
        return true;
    }

    private Optional<Condition> possibleException(PolicyRequest request) {
        if (unless.isEmpty()) {
            return Optional.empty();
        }
        boolean possible =
                unless.stream().allMatch(condition -> condition.holds(request) || condition.isUnsure(request));
        return possible
                ? unless.stream()
                        .filter(condition -> condition.isUnsure(request))
                        .findFirst()
                : Optional.empty();
    }

    /** The result of evaluating a rule for a flow. */
    public sealed interface Match {
        /** The rule matches. */
        record Yes() implements Match {}

        /**
         * The rule may match, depending on missing facts about the originator.
         *
         * @param why the missing facts
         */
        record Unsure(String why) implements Match {}

        /**
         * The rule doesn't match.
         *
         * @param why the actual and the expected value
         * @param open whether the rule could match if more facts were known
         */
        record No(String why, boolean open) implements Match {}

        private static No no(Condition condition, PolicyRequest request) {
            String expected = condition.found(request).isPresent() ? ", not " + condition.accepted() : "";
            return new No(found(condition, request) + expected, condition.isOpen(request));
        }

        private static String found(Condition condition, PolicyRequest request) {
            return condition
                    .found(request)
                    .map(text -> condition.name() + " is " + text)
                    .orElseGet(() -> condition.name() + " is unknown");
        }
    }
}
