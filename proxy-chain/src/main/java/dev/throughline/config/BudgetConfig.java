package dev.throughline.config;

import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.PoolRule;

/**
 * The sharing of slots among flows.
 *
 * @param rule the sharing rule
 * @param waiting maximum number of flows that wait for a slot
 * @param nextHops maximum number of concurrent flows, by the names of next hops; a next hop that is missing here has no
 *     limit of its own
 */
public record BudgetConfig(PoolRule rule, int waiting, ImmutableMap<String, Integer> nextHops) {
    public static final BudgetConfig DEFAULT = new BudgetConfig(PoolRule.DEFAULT, 1024, ImmutableMap.of());
}
