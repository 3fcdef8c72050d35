package dev.throughline.tests;

import dev.throughline.demo.Namespace;
import java.io.IOException;

/** The default route of a host. Without a route to its destination a connection fails before it reaches a rule. */
final class DefaultRoute {
    private DefaultRoute() {}

    /**
     * Adds the default route.
     *
     * @param gateway IPv4 or IPv6 address
     */
    static void via(Namespace host, String gateway) throws IOException {
        host.run("ip", gateway.contains(":") ? "-6" : "-4", "route", "add", "default", "via", gateway);
    }
}
