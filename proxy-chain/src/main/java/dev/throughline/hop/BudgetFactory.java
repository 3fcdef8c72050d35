package dev.throughline.hop;

import com.google.common.collect.Collections2;
import com.google.common.collect.ImmutableSet;
import dev.throughline.config.HopConfig;
import dev.throughline.flow.Accounts;
import dev.throughline.flow.FlowBudget;
import dev.throughline.identify.SubordinateUids;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.originator.HostId;
import dev.throughline.report.IdNames;
import dev.throughline.transport.BsdSocket;

/** A factory for the budget of a hop, with a pool for each transport and for each next hop that has a limit. */
final class BudgetFactory {
    private BudgetFactory() {}

    static FlowBudget create(HopConfig config, HopSizes sizes, NextHopPorts ports, IdNames names, HopMetrics metrics) {
        ImmutableSet<String> transports = ImmutableSet.<String>builder()
                .add(BsdSocket.NAME)
                .addAll(config.routing().transports().keySet())
                .build();
        ImmutableSet<String> pools = ImmutableSet.<String>builder()
                .add(FlowBudget.HOP)
                .addAll(transports)
                .addAll(Collections2.transform(config.budget().nextHops().keySet(), FlowBudget::toHop))
                .addAll(Collections2.transform(ports.pools().keySet(), FlowBudget::portsTo))
                .build();
        FlowBudget budget = new FlowBudget(
                sizes.flows(),
                config.budget().rule(),
                sizes.waiting(),
                new Accounts(HostId.of(config.identity().host()), SubordinateUids.ofThisHost()::owner),
                names::of,
                metrics.budget(pools, transports));
        // The capacity of other transports is what their agents report.
        transports.forEach(name -> budget.pool(name, name.equals(BsdSocket.NAME) ? sizes.flows() : 0));
        config.budget().nextHops().forEach((hop, flows) -> budget.pool(FlowBudget.toHop(hop), flows));
        ports.pools().forEach((hop, count) -> budget.pool(FlowBudget.portsTo(hop), count));
        metrics.bind(budget);
        metrics.bind(budget.shortages());
        return budget;
    }
}
