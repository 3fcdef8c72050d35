package dev.throughline.policy;

import com.google.common.collect.ImmutableList;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One rule of a policy. It is about the flows of which all of {@code when} holds, but for those of which all of
 * {@code unless} holds.
 *
 * @param name unique in its policy; it is what logs and metrics say
 * @param when may be empty
 * @param unless empty if there are no exceptions
 * @param then what becomes of such a flow
 */
public record PolicyRule(String name, ImmutableList<Condition> when, ImmutableList<Condition> unless, Outcome then) {
    /** Whether it is about every flow. */
    public boolean isUnconditional() {
        return when.isEmpty() && unless.isEmpty();
    }

    /** Why it isn't about this flow: the first condition that didn't hold, or the exception that did. Empty if it is. */
    Optional<Objection> objection(Question question) {
        for (Condition condition : when) {
            if (!condition.holds(question)) {
                return Optional.of(Objection.to(condition, question));
            }
        }
        if (!unless.isEmpty() && unless.stream().allMatch(condition -> condition.holds(question))) {
            return Optional.of(new Objection(
                    "excepted, since "
                            + unless.stream()
                                    .map(condition -> Objection.found(condition, question))
                                    .collect(Collectors.joining(" and ")),
                    false));
        }
        return Optional.empty();
    }

    /**
     * Why a rule isn't about a flow.
     *
     * @param text what was found and what was expected
     * @param open whether it might be, if more were known
     */
    public record Objection(String text, boolean open) {
        private static Objection to(Condition condition, Question question) {
            String expected = condition.found(question).isPresent() ? ", not " + condition.accepted() : "";
            return new Objection(found(condition, question) + expected, condition.isOpen(question));
        }

        private static String found(Condition condition, Question question) {
            return condition
                    .found(question)
                    .map(text -> condition.name() + " is " + text)
                    .orElseGet(() -> condition.name() + " isn't known");
        }
    }
}
