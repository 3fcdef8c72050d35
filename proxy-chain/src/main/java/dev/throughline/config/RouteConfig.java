package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.engine.TcpTimeouts;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The route of a hop's flows. Its profile defines the header for the next hop and the details in it. */
public sealed interface RouteConfig {
    /** Returns the names of the transports for its flows, in order of preference. */
    ImmutableList<String> over();

    /** Returns the timeouts for connections whose peer has vanished. */
    TcpTimeouts tcp();

    /** Returns the next hop's name, or {@code destination}. */
    default String to() {
        return switch (this) {
            case HopAt at -> at.hop;
            case HopByInterception by -> by.hop;
            case Destination destination -> "destination";
        };
    }

    /**
     * Returns why a hop can't have all of these routes; empty if it can. The kernel recognises a hop's connections by
     * one mark, so a next hop that intercepts captures all of them, whatever their route.
     */
    static Optional<String> problemTogether(List<RouteConfig> routes) {
        Set<Optional<String>> interceptors = routes.stream()
                .map(route -> route instanceof HopByInterception by ? Optional.of(by.hop()) : Optional.<String>empty())
                .collect(Collectors.toSet());
        return interceptors.size() < 2
                ? Optional.empty()
                : Optional.of("if any route uses \"by: interception\", all routes must use it, with the same next hop");
    }

    /** To the hop named {@code hop}, over connections to one of its addresses. */
    record HopAt(
            String hop,
            ImmutableList<InetSocketAddress> addresses,
            HeaderProfile profile,
            ImmutableList<String> over,
            TcpTimeouts tcp)
            implements RouteConfig {}

    /** To the hop named {@code hop}, which intercepts the connection to the destination on this host. */
    record HopByInterception(String hop, HeaderProfile profile, ImmutableList<String> over, TcpTimeouts tcp)
            implements RouteConfig {}

    /** To the destination, without a header: this is the last hop. */
    record Destination(ImmutableList<String> over, TcpTimeouts tcp) implements RouteConfig {}
}
