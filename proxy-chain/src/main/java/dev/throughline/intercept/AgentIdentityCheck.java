package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.config.ListenerConfig;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.UnixPeer;
import dev.throughline.transport.AgentClient;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Whoever is asked to open connections must be the agent that the configuration names, in all that it says of that one. */
public final class AgentIdentityCheck implements AgentClient.Rule {
    private final ListenerConfig.Agent expected;
    private final AgentRule rule;
    private final ProcessIdentifier identifier;

    /** For an agent that is {@code expected}. */
    public AgentIdentityCheck(ListenerConfig.Agent expected, ProcessIdentifier identifier) {
        this.expected = expected;
        this.rule = new AgentRule(ImmutableList.of(expected));
        this.identifier = identifier;
    }

    @Override
    public CompletableFuture<Optional<String>> objection(AgentClient.Agent agent) {
        if (agent.uid() != expected.uid()) {
            return CompletableFuture.completedFuture(
                    Optional.of("user " + Integer.toUnsignedString(agent.uid()) + " listens there"));
        }
        UnixPeer peer = new UnixPeer(agent.pid(), agent.uid(), () -> BridgeResolver.handle(agent.connection()));
        return identifier
                .identify(peer)
                .thenApply(owner -> rule.objection(owner).map(FlowRejectedException::detail));
    }
}
