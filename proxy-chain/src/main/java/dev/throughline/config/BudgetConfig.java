package dev.throughline.config;

import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.PoolRule;

/**
 * How a hop gives places to flows.
 *
 * @param rule by which
 * @param waiting how many flows may wait for one at once
 * @param nextHops how many flows may be on at once, by the next hops' names; no more than others is as many as there are
 */
public record BudgetConfig(PoolRule rule, int waiting, ImmutableMap<String, Integer> nextHops) {
    public static final BudgetConfig DEFAULT = new BudgetConfig(PoolRule.DEFAULT, 1024, ImmutableMap.of());
}
