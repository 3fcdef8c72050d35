package dev.throughline.flow;

import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.LimitClass;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import java.util.Optional;

/**
 * Which flows go on and where to, until the policy is read anew; then it is replaced as a whole, routes included, so that no
 * rule names a route that isn't there.
 *
 * @param policy decides
 * @param usual where flows go for which no rule names a route
 * @param routes the other ways, by their names
 * @param classes what limits flows, by the names that rules have for them; that of all others may be among them
 */
public record RoutingTable(
        Policy policy, Route usual, ImmutableMap<String, Route> routes, ImmutableMap<String, LimitClass> classes) {
    /** Every flow goes there. */
    public static RoutingTable allTo(Route route) {
        return new RoutingTable(Policy.NONE, route, ImmutableMap.of(), ImmutableMap.of());
    }

    /** Returns the route for a decision. Throws if the policy denied the flow. */
    Route route(Decision said) {
        return switch (said.outcome()) {
            case Outcome.Allow(Optional<String> route, Optional<String> limitsClass) ->
                route.map(this::route).orElse(usual);
            case Outcome.Deny deny -> throw new FlowRejectedException(CloseReason.POLICY_DENIED, said.toString());
        };
    }

    /** Returns the limits for a decision that allows the flow. */
    LimitClass limits(Decision said) {
        String name = said.outcome() instanceof Outcome.Allow allow
                ? allow.limitsClass().orElse(LimitClass.DEFAULT.name())
                : LimitClass.DEFAULT.name();
        return classes.getOrDefault(name, LimitClass.DEFAULT);
    }

    private Route route(String name) {
        Route route = routes.get(name);
        if (route == null) {
            throw new IllegalStateException("a rule names route " + name + ", which isn't there");
        }
        return route;
    }
}
