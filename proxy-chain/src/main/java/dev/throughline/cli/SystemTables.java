package dev.throughline.cli;

import com.google.common.collect.ImmutableMap;
import dev.throughline.config.HopConfig;
import dev.throughline.config.ListenerConfig;
import dev.throughline.hop.NextHopPorts;
import dev.throughline.intercept.AcceptQueues;
import dev.throughline.platform.linux.ConntrackUsage;
import dev.throughline.platform.linux.SourcePorts;
import dev.throughline.platform.linux.Sysctl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The use of kernel tables that a hop shares with all programs of its network namespace.
 *
 * @param flows maximum number of concurrent flows of the hop
 * @param tracked number of connections that conntrack tracks for each flow
 * @param ports source ports towards one address; empty if unreadable
 * @param nextHops maximum number of flows with a port towards each next hop
 * @param conntrack usage of the connection tracking table; empty if nothing is tracked
 * @param backlog net.core.somaxconn; empty if unreadable
 */
record SystemTables(
        int flows,
        int tracked,
        Optional<SourcePorts> ports,
        ImmutableMap<String, Integer> nextHops,
        Optional<ConntrackUsage> conntrack,
        Optional<Integer> backlog) {
    private static final Path SOMAXCONN = Path.of("/proc/sys/net/core/somaxconn");

    /** Reads the tables of this process's network namespace, for a hop with this many flows. */
    static SystemTables of(HopConfig config, int flows) {
        boolean intercepts = config.listeners().stream().anyMatch(ListenerConfig.Intercepting.class::isInstance);
        return new SystemTables(
                flows,
                // The application's connection to the hop, and the hop's upstream connection.
                intercepts ? 2 : 1,
                sourcePorts(),
                NextHopPorts.of(config).pools(),
                ConntrackUsage.now(),
                backlogLimit());
    }

    private static Optional<SourcePorts> sourcePorts() {
        try {
            return Optional.of(SourcePorts.read());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<Integer> backlogLimit() {
        try {
            return Optional.of(Integer.parseInt(Sysctl.read(SOMAXCONN)));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Returns one line for each table. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        ports.ifPresent(found -> lines.add(
                "source ports: %d for each address, each in use for %d s after its flow (net.ipv4.ip_local_port_range)"
                        .formatted(found.count(), found.kept().toSeconds())));
        nextHops.forEach((hop, count) -> lines.add("  to %s: %d of %d".formatted(hop, flows, count)));
        lines.add(conntrack
                .map(table -> "conntrack: %d of %d connections, %d tracked now (net.netfilter.nf_conntrack_max)"
                        .formatted((long) flows * tracked, table.capacity(), table.entries()))
                .orElse("conntrack: not in use"));
        backlog.ifPresent(most -> lines.add("accept queue: %d connections of each user (net.core.somaxconn: %d)"
                .formatted(Math.min(AcceptQueues.BACKLOG, most), most)));
        return lines;
    }

    /** Returns the tables that are too small for the hop's flows even if no other program uses them. */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        nextHops.forEach((hop, count) -> {
            if (count < flows) {
                warnings.add(("%d flows, but source ports for %d to %s: the others fail with no-ports (widen"
                                + " net.ipv4.ip_local_port_range, or give %s several addresses)")
                        .formatted(flows, count, hop, hop));
            }
        });
        conntrack
                .filter(table -> (long) flows * tracked > table.capacity())
                .ifPresent(table -> warnings.add(
                        "%d flows need %d entries of the conntrack table, which has %d (raise net.netfilter.nf_conntrack_max)"
                                .formatted(flows, (long) flows * tracked, table.capacity())));
        return warnings;
    }
}
