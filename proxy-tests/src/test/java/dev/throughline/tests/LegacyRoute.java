package dev.throughline.tests;

import dev.throughline.header.Tuple;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.stream.Collectors;

/** The configuration of hops whose next hop is another program that reads PROXY v2. */
final class LegacyRoute {
    /** The buffer of such a reader: nginx reads the first 1024 bytes of a request. */
    static final int MAX_BYTES = 1024;

    private LegacyRoute() {}

    /** Configures a first hop, with an address for each destination. */
    static String firstHop(Map<InetSocketAddress, InetSocketAddress> destinations, InetSocketAddress receiver) {
        return hop(apps(destinations), receiver);
    }

    /** Configures a hop that is also a later hop of flows that arrive at {@code chain}. */
    static String anyHop(
            Map<InetSocketAddress, InetSocketAddress> destinations,
            InetSocketAddress chain,
            InetSocketAddress receiver) {
        return hop(apps(destinations) + """
                  - { name: chain, mode: chain, by: plain, address: "%s" }
                """.formatted(Tuple.text(chain)), receiver);
    }

    private static String apps(Map<InetSocketAddress, InetSocketAddress> destinations) {
        return destinations.entrySet().stream()
                .map(entry -> """
                          - { name: apps-%d, mode: transparent, by: plain, address: "%s", destination: "%s" }
                        """.formatted(
                                entry.getKey().getPort(), Tuple.text(entry.getKey()), Tuple.text(entry.getValue())))
                .collect(Collectors.joining());
    }

    private static String hop(String listeners, InetSocketAddress receiver) {
        return "listeners:\n" + listeners + """
                route: { to: receiver, at: "%s", profile: legacy }
                """.formatted(Tuple.text(receiver));
    }
}
