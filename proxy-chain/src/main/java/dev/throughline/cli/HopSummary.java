package dev.throughline.cli;

import dev.throughline.config.HopConfig;
import dev.throughline.config.ListenerConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.header.Tuple;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;

/** A one-line summary of a running hop, for the log message when it is ready. */
final class HopSummary {
    private HopSummary() {}

    static String of(HopConfig hop, Path file, String version) {
        return "version %s, listeners %s; next hop %s; configuration %s"
                .formatted(
                        version,
                        hop.listeners().stream().map(HopSummary::listener).collect(Collectors.joining(", ")),
                        hop.routing().allRoutes().stream()
                                .map(HopSummary::route)
                                .distinct()
                                .collect(Collectors.joining(", ")),
                        file);
    }

    private static String listener(ListenerConfig listener) {
        String how = switch (listener) {
            case ListenerConfig.Apps apps -> "transparent, " + intercepting(apps);
            case ListenerConfig.PreviousHop previous -> "chain, " + intercepting(previous);
            case ListenerConfig.Forward forward ->
                "transparent, " + Tuple.text(forward.address()) + " for " + Tuple.text(forward.destination());
            case ListenerConfig.Chain chain -> "chain, " + Tuple.text(chain.address());
            case ListenerConfig.Legacy legacy -> "legacy, " + Tuple.text(legacy.address());
            case ListenerConfig.Bridge bridge -> "bridge, " + bridge.socket();
        };
        return listener.name() + " (" + how + ")";
    }

    private static String intercepting(ListenerConfig.Intercepting listener) {
        return listener.by().name().toLowerCase(Locale.ROOT) + ", port " + listener.port();
    }

    private static String route(RouteConfig route) {
        return switch (route) {
            case RouteConfig.HopAt at ->
                at.hop() + " at " + at.addresses().stream().map(Tuple::text).collect(Collectors.joining(" or "));
            case RouteConfig.HopByInterception by -> by.hop() + " by interception";
            case RouteConfig.Destination _ -> "none, to the destination";
        };
    }
}
