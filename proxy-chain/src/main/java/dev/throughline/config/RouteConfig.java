package dev.throughline.config;

import dev.throughline.originator.HopId;
import java.net.InetSocketAddress;

/** Where a hop's flows go. */
public sealed interface RouteConfig {
    /** To the hop that is called {@code hop}, over a connection to its address. */
    record HopAt(String hop, InetSocketAddress address) implements RouteConfig {
        public HopId audience() {
            return HopId.of(hop);
        }
    }

    /** To the hop that is called {@code hop}, which intercepts the connection to the destination on this host. */
    record HopByInterception(String hop) implements RouteConfig {
        public HopId audience() {
            return HopId.of(hop);
        }
    }

    /** To the destination itself, without a header: this is the last hop. */
    record Destination() implements RouteConfig {}
}
