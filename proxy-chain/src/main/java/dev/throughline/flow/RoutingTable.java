package dev.throughline.flow;

import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.LimitClass;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import java.util.Optional;

/**
 * Policy and routes from one reload to the next. Both are replaced together, so that each rule names a route that exists.
 *
 * @param policy allows or denies flows and names their routes
 * @param defaultRoute the route of flows for which no rule names another one
 * @param routes other routes, by name
 * @param classes limit classes, by name
 */
public record RoutingTable(
        Policy policy,
        Route defaultRoute,
        ImmutableMap<String, Route> routes,
        ImmutableMap<String, LimitClass> classes) {
    /** Returns the route for a decision. Throws if the policy denied the flow. */
    Route route(Decision decision) {
        if (decision.outcome() instanceof Outcome.Allow allow) {
            Optional<String> route = allow.route();
            return route.isPresent() ? route(route.get()) : defaultRoute;
        }
        throw new FlowRejectedException(CloseReason.POLICY_DENIED, decision.toString());
    }

    /** Returns the limits for a decision that allows the flow. */
    LimitClass limits(Decision decision) {
        String name = decision.outcome() instanceof Outcome.Allow allow
                ? allow.limitsClass().orElse(LimitClass.DEFAULT.name())
                : LimitClass.DEFAULT.name();
        return classes.getOrDefault(name, LimitClass.DEFAULT);
    }

    private Route route(String name) {
        Route route = routes.get(name);
        if (route == null) {
            throw new IllegalStateException("a rule names route " + name + ", which doesn't exist");
        }
        return route;
    }
}
