package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.config.ListenerConfig;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.UnixPeer;
import dev.throughline.transport.AgentClient;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The check that the process at an agent's socket has all configured properties of that agent. */
public final class AgentIdentityCheck implements AgentClient.Rule {
    private final ListenerConfig.Agent expected;
    private final AgentRule rule;
    private final ProcessIdentifier identifier;

    /** Creates a check for the agent {@code expected}. */
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
