package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.LimitClass;
import dev.throughline.policy.Policy;

/**
 * The policy, routes, limit classes and transports of a hop.
 *
 * @param policy rules that allow or deny flows and choose a route and a limit class
 * @param defaultRoute the route of flows for which no rule names another one
 * @param routes other routes, by name
 * @param classes limit classes, by name; "default" applies to flows for which no rule names another one
 * @param transports transports beside plain sockets, by name
 */
public record RoutingConfig(
        Policy policy,
        RouteConfig defaultRoute,
        ImmutableMap<String, RouteConfig> routes,
        ImmutableMap<String, LimitClass> classes,
        ImmutableMap<String, TransportConfig> transports) {

    /** Returns all routes that flows can take. */
    public ImmutableList<RouteConfig> allRoutes() {
        return ImmutableList.<RouteConfig>builder()
                .add(defaultRoute)
                .addAll(routes.values())
                .build();
    }
}
