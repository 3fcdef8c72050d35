package dev.throughline;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.config.HopConfig;
import dev.throughline.config.TransportConfig;
import dev.throughline.flow.AgentSlots;
import dev.throughline.flow.FlowBudget;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.intercept.AgentIdentityCheck;
import dev.throughline.transport.AgentClient;
import dev.throughline.transport.AgentTransport;
import dev.throughline.transport.BsdSocket;
import dev.throughline.transport.GuardedTransport;
import dev.throughline.transport.TransportView;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;

/** A hop's transports for upstream connections: plain sockets, and the agents in its configuration. */
final class Transports implements AutoCloseable {
    private final List<AgentClient> agents = new ArrayList<>();
    private final ImmutableMap<String, GuardedTransport> all;

    /**
     * Starts watching the agents.
     *
     * @param budget has a pool for each transport
     * @param loop runs the watches
     */
    Transports(HopConfig config, FlowBudget budget, ProcessIdentifier identifier, EventLoop loop) {
        ImmutableMap.Builder<String, GuardedTransport> transports = ImmutableMap.builder();
        transports.put(
                BsdSocket.NAME,
                new GuardedTransport(
                        new BsdSocket(config.mark(), config.limits().connectTimeout())));
        config.transports().forEach((name, transport) -> {
            AgentClient agent = agent(name, transport, budget, identifier, loop);
            agents.add(agent);
            transports.put(
                    name,
                    new GuardedTransport(
                            new AgentTransport(name, agent, transport.startTimeout(), transport.withoutHeader())));
        });
        all = transports.buildOrThrow();
        agents.forEach(AgentClient::start);
    }

    private static AgentClient agent(
            String name, TransportConfig transport, FlowBudget budget, ProcessIdentifier identifier, EventLoop loop) {
        return new AgentClient(
                loop,
                transport.socket(),
                new AgentIdentityCheck(transport.agent(), identifier),
                AgentClient.Timings.DEFAULTS,
                new AgentSlots(budget, name));
    }

    /** Returns the transports by name. */
    ImmutableMap<String, GuardedTransport> all() {
        return all;
    }

    /** Returns the current state of all transports. */
    ImmutableList<TransportView> views() {
        return all.values().stream().map(GuardedTransport::view).collect(ImmutableList.toImmutableList());
    }

    @Override
    public void close() {
        agents.forEach(AgentClient::close);
    }
}
