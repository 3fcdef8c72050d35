package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Maps;
import dev.throughline.chain.Detail;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.engine.TcpTimeouts;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The reader of the default {@code route} and the {@code routes} for rules of the policy. */
final class RouteReader {
    private static final ImmutableMap<String, Detail.Kind> KINDS =
            Maps.uniqueIndex(Arrays.asList(Detail.Kind.values()), Detail.Kind::toString);

    private final Section root;
    private final ImmutableSet<String> transports;
    private final TcpTimeouts tcp;
    private ImmutableSet<String> names = ImmutableSet.of();

    /**
     * Creates a reader for routes over these transports.
     *
     * @param tcp default timeouts of routes
     */
    RouteReader(Section root, ImmutableSet<String> transports, TcpTimeouts tcp) {
        this.tcp = tcp;
        this.root = root;
        this.transports = transports;
    }

    Optional<RouteConfig> defaultRoute() {
        if (!root.has("route")) {
            root.problem("route", "\"route\" is missing: it says where flows go");
            return Optional.empty();
        }
        return route(root, "route");
    }

    ImmutableMap<String, RouteConfig> namedRoutes() {
        ImmutableMap.Builder<String, RouteConfig> routes = ImmutableMap.builder();
        try (Section section = root.section("routes")) {
            names = section.names(ConfigReader::hopName);
            names.forEach(name -> route(section, name).ifPresent(route -> routes.put(name, route)));
        }
        return routes.buildOrThrow();
    }

    /** Returns the names of {@link #namedRoutes}, including those with problems. */
    ImmutableSet<String> names() {
        return names;
    }

    private Optional<RouteConfig> route(Section parent, String key) {
        try (Section route = parent.section(key)) {
            Optional<String> to =
                    route.required("to", text -> text.equals("destination") ? text : ConfigReader.hopName(text));
            boolean toDestination = to.map("destination"::equals).orElse(false);
            HeaderProfile profile = profile(route, toDestination);
            ImmutableList<String> over = over(route);
            TcpTimeouts times = times(route, over);
            List<InetSocketAddress> addresses = route.list("at", Values::address);
            if (addresses.size() != ImmutableSet.copyOf(addresses).size()) {
                route.problem("at", "duplicate address");
            }
            Optional<RouteConfig.HopAt> at = to.filter(hop -> !addresses.isEmpty())
                    .map(hop -> new RouteConfig.HopAt(hop, ImmutableList.copyOf(addresses), profile, over, times));
            Optional<String> by = route.optional("by", text -> {
                if (!text.equals("interception")) {
                    throw new IllegalArgumentException("expected \"interception\", found \"" + text + "\"");
                }
                return text;
            });
            if (to.isEmpty()) {
                return Optional.empty();
            }
            boolean destination = toDestination;
            if (destination && (at.isPresent() || by.isPresent())) {
                route.problem("to", "\"at\" and \"by\" can't be combined with \"to: destination\"");
            }
            if (!destination && at.isPresent() == by.isPresent()) {
                route.problem("to", "expected either \"at\" with an address or \"by: interception\"");
            }
            if (destination) {
                return Optional.of(new RouteConfig.Destination(over, times));
            }
            return at.isPresent()
                    ? Optional.of(at.get())
                    : by.map(interception -> new RouteConfig.HopByInterception(to.get(), profile, over, times));
        }
    }

    private TcpTimeouts times(Section route, ImmutableList<String> over) {
        for (String key : TcpTimeoutsReader.KEYS) {
            if (!over.contains(TransportConfig.BSD_SOCKET) && route.has(key)) {
                route.problem(key, "\"" + key + "\" needs \"over: bsd-socket\": agents set these times themselves");
            }
        }
        return TcpTimeoutsReader.read(route, tcp);
    }

    private ImmutableList<String> over(Section route) {
        Map<String, String> known = Maps.asMap(transports, name -> name);
        List<String> names = route.list("over", text -> Values.word(text, known));
        if (names.size() != ImmutableSet.copyOf(names).size()) {
            route.problem("over", "duplicate transport");
        }
        if (names.isEmpty() && route.has("over") && route.isEmpty("over")) {
            route.problem("over", "\"over\" is empty: expected at least one transport");
        }
        return names.isEmpty() ? ImmutableList.of(TransportConfig.BSD_SOCKET) : ImmutableList.copyOf(names);
    }

    /** Reads the header for the next hop and the details to remove from it. */
    private static HeaderProfile profile(Section route, boolean toDestination) {
        for (String key : List.of("profile", "close")) {
            if (toDestination && route.has(key)) {
                route.problem(key, "can't be combined with \"to: destination\", which gets no header");
            }
        }
        HeaderProfile profile = route.optional(
                "profile",
                text -> Values.word(text, Map.of("normal", HeaderProfile.NORMAL, "legacy", HeaderProfile.LEGACY)),
                HeaderProfile.NORMAL);
        List<Detail.Kind> closed = route.list("close", text -> Values.word(text, KINDS));
        return profile.keepingBack(ImmutableSet.copyOf(closed));
    }
}
