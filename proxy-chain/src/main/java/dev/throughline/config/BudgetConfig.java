package dev.throughline.config;

import dev.throughline.budget.PoolRule;

/**
 * How a hop gives places to flows.
 *
 * @param rule by which
 * @param waiting how many flows may wait for one at once
 */
public record BudgetConfig(PoolRule rule, int waiting) {
    public static final BudgetConfig DEFAULT = new BudgetConfig(PoolRule.DEFAULT, 1024);
}
