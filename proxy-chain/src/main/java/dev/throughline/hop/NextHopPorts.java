package dev.throughline.hop;

import com.google.common.collect.HashMultimap;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import com.google.common.collect.SetMultimap;
import dev.throughline.config.HopConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.platform.linux.SourcePorts;
import dev.throughline.transport.BsdSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits of source ports to next hops at fixed addresses. Without them the short flows of one user could use up all ports.
 *
 * @param pools how many flows may have a port at once, by name of the next hop
 * @param kept how long the kernel keeps a port after a connection has ended
 */
public record NextHopPorts(ImmutableMap<String, Integer> pools, Duration kept) {
    private static final Logger LOG = LoggerFactory.getLogger(NextHopPorts.class);

    /** Returns the ports for the routes of {@code config}, from the current settings of this network namespace. */
    public static NextHopPorts of(HopConfig config) {
        SetMultimap<String, InetSocketAddress> addresses = HashMultimap.create();
        config.routing().allRoutes().forEach(route -> {
            // Connections that an agent opens have the agent's ports.
            if (route instanceof RouteConfig.HopAt at && at.over().equals(ImmutableList.of(BsdSocket.NAME))) {
                addresses.putAll(at.hop(), at.addresses());
            }
        });
        if (addresses.isEmpty()) {
            return new NextHopPorts(ImmutableMap.of(), Duration.ZERO);
        }
        try {
            SourcePorts ports = SourcePorts.read();
            return new NextHopPorts(
                    ImmutableMap.copyOf(Maps.transformValues(addresses.asMap(), to -> capacity(ports.count(), to))),
                    ports.kept());
        } catch (IOException e) {
            LOG.warn("can't share source ports fairly between users: {}", e.getMessage());
            return new NextHopPorts(ImmutableMap.of(), Duration.ZERO);
        }
    }

    /** Leaves a sixteenth to other programs of the host that connect there. */
    private static int capacity(int ports, Collection<InetSocketAddress> addresses) {
        return Math.max(1, (ports - ports / 16) * addresses.size());
    }
}
