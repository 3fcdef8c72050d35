package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;

/** How the installed rules compare with those that a plan means. */
public sealed interface RuleDifference {
    /** They are the same, to the last rule. */
    record None() implements RuleDifference {}

    /** None of the plan's rules is installed. */
    record NotInstalled() implements RuleDifference {}

    /**
     * Some other rules are installed.
     *
     * @param lines what is missing, after '-', and what is there instead, after '+'
     */
    record Differs(ImmutableList<String> lines) implements RuleDifference {}
}
