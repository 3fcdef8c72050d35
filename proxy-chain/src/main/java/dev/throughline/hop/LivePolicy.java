package dev.throughline.hop;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Maps;
import dev.throughline.config.HopConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.config.TransportConfig;
import dev.throughline.flow.NextHop;
import dev.throughline.flow.Route;
import dev.throughline.flow.RoutingTable;
import dev.throughline.policy.Policy;
import dev.throughline.policy.PolicyRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The policy of a running hop, with the routes and limit classes that its rules name. A reload replaces all of it or nothing.
 * Open flows keep their routes. The default route changes only with a restart.
 */
final class LivePolicy {
    private final RouteConfig defaultRoute;
    private final ImmutableSet<String> transports;
    private final Consumer<Policy> watcher;
    private HopConfig config;
    private volatile RoutingTable routingTable;

    /** Creates the policy of {@code config}. {@code watcher} gets it and each one that replaces it. */
    LivePolicy(HopConfig config, Consumer<Policy> watcher) {
        this.defaultRoute = config.routing().defaultRoute();
        this.transports = ImmutableSet.<String>builder()
                .add(TransportConfig.BSD_SOCKET)
                .addAll(config.routing().transports().keySet())
                .build();
        this.watcher = watcher;
        this.config = config;
        this.routingTable = routingTableOf(config);
        watcher.accept(config.routing().policy());
    }

    RoutingTable routingTable() {
        return routingTable;
    }

    private RoutingTable routingTableOf(HopConfig read) {
        return new RoutingTable(
                read.routing().policy(),
                route(defaultRoute),
                ImmutableMap.copyOf(Maps.transformValues(read.routing().routes(), LivePolicy::route)),
                read.routing().classes());
    }

    private static Route route(RouteConfig route) {
        return new Route(nextHop(route), route.over(), route.tcp());
    }

    private static NextHop nextHop(RouteConfig route) {
        return switch (route) {
            case RouteConfig.HopAt at -> new NextHop.At(at.hop(), at.addresses(), at.profile());
            case RouteConfig.HopByInterception by -> new NextHop.ByInterception(by.hop(), by.profile());
            case RouteConfig.Destination destination -> new NextHop.Destination();
        };
    }

    /** Returns why {@code read} can't be used while this hop runs, if so: its routes need a restart. */
    Optional<String> objection(HopConfig read) {
        List<RouteConfig> all = Stream.concat(Stream.of(defaultRoute), read.routing().routes().values().stream())
                .toList();
        return RouteConfig.problemTogether(all)
                .or(() -> all.stream()
                        .flatMap(route -> route.over().stream())
                        .filter(over -> !transports.contains(over))
                        .findFirst()
                        .map(over ->
                                "a route uses transport \"" + over + "\", which is new: restart the hop to add it"));
    }

    /** Replaces the policy. Returns the differences. */
    synchronized List<String> use(HopConfig read) {
        List<String> changes = new ArrayList<>(
                changes(config.routing().policy(), read.routing().policy()));
        if (!read.routing().routes().equals(config.routing().routes())) {
            changes.add("\"routes\" has changed");
        }
        if (!read.routing().classes().equals(config.routing().classes())) {
            changes.add("\"classes\" has changed");
        }
        watcher.accept(read.routing().policy());
        routingTable = routingTableOf(read);
        config = read;
        return changes;
    }

    private static List<String> changes(Policy before, Policy after) {
        ImmutableMap<String, PolicyRule> old = Maps.uniqueIndex(before.rules(), PolicyRule::name);
        ImmutableMap<String, PolicyRule> current = Maps.uniqueIndex(after.rules(), PolicyRule::name);
        List<String> changes = new ArrayList<>();
        current.forEach((name, rule) -> {
            if (!rule.equals(old.get(name))) {
                changes.add("rule " + name + (old.containsKey(name) ? " has changed" : " is new"));
            }
        });
        old.keySet().stream()
                .filter(name -> !current.containsKey(name))
                .forEach(name -> changes.add("rule " + name + " is gone"));
        if (changes.isEmpty() && !before.equals(after)) {
            changes.add("the order of rules has changed");
        }
        return changes;
    }
}
