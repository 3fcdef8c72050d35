package dev.throughline.flow;

import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.transport.AgentClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener that sets the capacity of a transport's pool to the limit that its agent reports. Connections that the agent has
 * for other hops do not count for this hop. An agent that is gone has no capacity.
 */
public final class AgentSlots implements AgentClient.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(AgentSlots.class);

    private final FlowBudget budget;
    private final String transport;

    /** Creates a listener for the pool {@code transport} of {@code budget}. */
    public AgentSlots(FlowBudget budget, String transport) {
        this.budget = budget;
        this.transport = transport;
    }

    @Override
    public void limits(Limits limits) {
        budget.capacity(transport, capacity(limits, budget.inUse(transport)));
    }

    /**
     * Returns the part of the agent's capacity that this hop can use. An attempt that was in progress when the agent sent its
     * limits counts here but not there: until the next limits, this hop may assume too few connections of others.
     */
    static int capacity(Limits limits, int own) {
        if (limits.capacity() == 0) {
            return Integer.MAX_VALUE;
        }
        long others = Math.max(0, limits.inUse() - own);
        return (int) Math.min(Integer.MAX_VALUE, Math.max(0, limits.capacity() - others));
    }

    @Override
    public void gone(String why) {
        budget.capacity(transport, 0);
        LOG.warn("transport {}: agent unavailable, not used: {}", transport, why);
    }

    @Override
    public void back() {
        LOG.info("transport {}: agent available", transport);
    }
}
