package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.relay.TcpTimeouts;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Where a hop's flows go. A profile says what header the next hop takes, and what it may know. */
public sealed interface RouteConfig {
    /** The transports that its flows may take, by their names, the one to be tried first ahead. */
    ImmutableList<String> over();

    /** When a connection of this hop whose other end has vanished is given up. */
    TcpTimeouts tcp();

    /** The hop's name, or {@code destination}. */
    default String to() {
        return switch (this) {
            case HopAt at -> at.hop;
            case HopByInterception by -> by.hop;
            case Destination destination -> "destination";
        };
    }

    /**
     * Why one hop can't have all of these, if so. The kernel tells a hop's connections by their one mark, and so a next hop
     * that intercepts takes every one of them, whichever route it was to go.
     */
    static Optional<String> problemTogether(List<RouteConfig> routes) {
        Set<Optional<String>> interceptors = routes.stream()
                .map(route -> route instanceof HopByInterception by ? Optional.of(by.hop()) : Optional.<String>empty())
                .collect(Collectors.toSet());
        return interceptors.size() < 2
                ? Optional.empty()
                : Optional.of("if any route uses \"by: interception\", all routes must use it, with the same next hop");
    }

    /** To the hop that is called {@code hop}, over connections to its addresses: at least one. */
    record HopAt(
            String hop,
            ImmutableList<InetSocketAddress> addresses,
            HeaderProfile profile,
            ImmutableList<String> over,
            TcpTimeouts tcp)
            implements RouteConfig {}

    /** To the hop that is called {@code hop}, which intercepts the connection to the destination on this host. */
    record HopByInterception(String hop, HeaderProfile profile, ImmutableList<String> over, TcpTimeouts tcp)
            implements RouteConfig {}

    /** To the destination itself, without a header: this is the last hop. */
    record Destination(ImmutableList<String> over, TcpTimeouts tcp) implements RouteConfig {}
}
