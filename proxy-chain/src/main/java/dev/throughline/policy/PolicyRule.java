package dev.throughline.policy;

import com.google.common.collect.ImmutableList;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One rule of a policy. It is about the flows of which all of {@code when} holds, but for those of which all of
 * {@code unless} holds.
 *
 * @param name unique in its policy; it is what logs and metrics say
 * @param when may be empty
 * @param unless empty if there are no exceptions
 * @param then what becomes of such a flow
 * @param passesUnknown whether the next rule is tried if a missing fact decides whether this one matches; otherwise the flow is refused
 *     if the rules differ in their outcome
 */
public record PolicyRule(
        String name,
        ImmutableList<Condition> when,
        ImmutableList<Condition> unless,
        Outcome then,
        boolean passesUnknown) {
    /** A rule with the default for missing facts: refuse. */
    public PolicyRule(String name, ImmutableList<Condition> when, ImmutableList<Condition> unless, Outcome then) {
        this(name, when, unless, then, false);
    }

    /** Whether it is about every flow. */
    public boolean isUnconditional() {
        return when.isEmpty() && unless.isEmpty();
    }

    /** Whether it has a condition on who opened a flow. */
    boolean asksForOriginator() {
        return Stream.concat(when.stream(), unless.stream()).anyMatch(Condition::isAboutOriginator);
    }

    /** The same rule without conditions on the host or the destination: any may be as it asks. */
    PolicyRule toAnyDestination() {
        boolean excepts = unless.stream().allMatch(Condition::isAboutOriginator);
        return new PolicyRule(
                name,
                when.stream().filter(Condition::isAboutOriginator).collect(ImmutableList.toImmutableList()),
                excepts ? unless : ImmutableList.of(),
                then,
                passesUnknown);
    }

    /** Whether it is about this flow; if not, the first condition that doesn't hold, or the exception that does. */
    Match match(PolicyRequest question) {
        Optional<Condition> unsure = Optional.empty();
        for (Condition condition : when) {
            if (condition.isUnsure(question)) {
                unsure = unsure.or(() -> Optional.of(condition));
            } else if (!condition.holds(question)) {
                return Match.no(condition, question);
            }
        }
        if (!unless.isEmpty() && unless.stream().allMatch(condition -> condition.holds(question))) {
            return new Match.No(
                    "excepted, since "
                            + unless.stream()
                                    .map(condition -> Match.found(condition, question))
                                    .collect(Collectors.joining(" and ")),
                    false);
        }
        // A deny rule needs a certain exception; an allow rule needs to be certain that there is none.
        return unsure.or(() -> then instanceof Outcome.Deny ? Optional.empty() : possibleException(question))
                .<Match>map(condition -> new Match.Unsure(Match.found(condition, question)))
                .orElseGet(Match.Yes::new);
    }

    private Optional<Condition> possibleException(PolicyRequest question) {
        boolean possible =
                unless.stream().allMatch(condition -> condition.holds(question) || condition.isUnsure(question));
        return possible
                ? unless.stream()
                        .filter(condition -> condition.isUnsure(question))
                        .findFirst()
                : Optional.empty();
    }

    /** Whether a rule is about a flow. */
    public sealed interface Match {
        /** It is. */
        record Yes() implements Match {}

        /**
         * It may be, as far as is known of the originator.
         *
         * @param why what isn't known
         */
        record Unsure(String why) implements Match {}

        /**
         * It isn't.
         *
         * @param why what was found and what was expected
         * @param open whether it might be, if more were known
         */
        record No(String why, boolean open) implements Match {}

        private static No no(Condition condition, PolicyRequest question) {
            String expected = condition.found(question).isPresent() ? ", not " + condition.accepted() : "";
            return new No(found(condition, question) + expected, condition.isOpen(question));
        }

        private static String found(Condition condition, PolicyRequest question) {
            return condition
                    .found(question)
                    .map(text -> condition.name() + " is " + text)
                    .orElseGet(() -> condition.name() + " is unknown");
        }
    }
}
