package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;

/** The difference between the installed rules and those of a plan. */
public sealed interface RuleDifference {
    /** The rules are equal. */
    record None() implements RuleDifference {}

    /** No rule of the plan is installed. */
    record NotInstalled() implements RuleDifference {}

    /**
     * The rules differ.
     *
     * @param lines missing lines, prefixed with '-', and unexpected lines, prefixed with '+'
     */
    record Differs(ImmutableList<String> lines) implements RuleDifference {}
}
