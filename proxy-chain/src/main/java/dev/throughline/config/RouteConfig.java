package dev.throughline.config;

import dev.throughline.chain.HeaderProfile;
import dev.throughline.originator.HopId;
import java.net.InetSocketAddress;

/** Where a hop's flows go. A profile says what header the next hop takes, and what it may know. */
public sealed interface RouteConfig {
    /** To the hop that is called {@code hop}, over a connection to its address. */
    record HopAt(String hop, InetSocketAddress address, HeaderProfile profile) implements RouteConfig {
        public HopId audience() {
            return HopId.of(hop);
        }
    }

    /** To the hop that is called {@code hop}, which intercepts the connection to the destination on this host. */
    record HopByInterception(String hop, HeaderProfile profile) implements RouteConfig {
        public HopId audience() {
            return HopId.of(hop);
        }
    }

    /** To the destination itself, without a header: this is the last hop. */
    record Destination() implements RouteConfig {}
}
