package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.config.ListenerConfig.Agent;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.flow.ListenerProfile;
import dev.throughline.header.Bytes;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.Code;
import java.util.Optional;
import java.util.OptionalInt;

/** The check that a process that connects to a bridge has all configured properties of one of its agents. */
final class AgentRule implements ListenerProfile.OwnerRule {
    private final ImmutableList<Agent> agents;

    AgentRule(ImmutableList<Agent> agents) {
        this.agents = agents;
    }

    @Override
    public Optional<FlowRejectedException> objection(SocketIdentity owner) {
        return agents.stream().anyMatch(agent -> is(agent, owner))
                ? Optional.empty()
                : Optional.of(new FlowRejectedException(CloseReason.AGENT_NOT_ALLOWED, text(owner)));
    }

    private static boolean is(Agent agent, SocketIdentity owner) {
        Code code = owner.identity().code();
        return owner.uid().equals(OptionalInt.of(agent.uid()))
                && agrees(agent.executable(), code.executable())
                && agrees(agent.sha256(), code.sha256());
    }

    /** An unknown property doesn't match. */
    private static boolean agrees(Optional<?> expected, Optional<?> found) {
        return expected.isEmpty() || expected.equals(found);
    }

    private static String text(SocketIdentity owner) {
        Code code = owner.identity().code();
        return "user " + Integer.toUnsignedString(owner.uid().orElse(-1))
                + ", executable " + code.executable().orElse("unknown")
                + ", sha256 " + code.sha256().map(Bytes::toHex).orElse("unknown");
    }
}
