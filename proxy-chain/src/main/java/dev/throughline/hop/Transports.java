package dev.throughline.hop;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.config.HopConfig;
import dev.throughline.config.TransportConfig;
import dev.throughline.engine.Engine;
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

/** The transports of a hop: plain sockets, and the agents that its configuration names. */
final class Transports implements AutoCloseable {
    private final List<AgentClient> agents = new ArrayList<>();
    private final ImmutableMap<String, GuardedTransport> all;

    /**
     * Creates the transports and connects to their agents.
     *
     * @param budget with a pool for each transport
     * @param loop of the connections that watch the agents
     */
    Transports(Engine engine, HopConfig config, FlowBudget budget, ProcessIdentifier identifier, EventLoop loop) {
        ImmutableMap.Builder<String, GuardedTransport> transports = ImmutableMap.builder();
        transports.put(
                BsdSocket.NAME,
                new GuardedTransport(new BsdSocket(
                        engine, config.marks().own(), config.limits().connectTimeout())));
        config.routing().transports().forEach((name, transport) -> {
            AgentClient agent = agent(engine, name, transport, budget, identifier, loop);
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
            Engine engine,
            String name,
            TransportConfig transport,
            FlowBudget budget,
            ProcessIdentifier identifier,
            EventLoop loop) {
        return new AgentClient(
                engine,
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

    /** Returns their current states. */
    ImmutableList<TransportView> views() {
        return all.values().stream().map(GuardedTransport::view).collect(ImmutableList.toImmutableList());
    }

    @Override
    public void close() {
        agents.forEach(AgentClient::close);
    }
}
