package dev.throughline.flow;

import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.transport.AgentClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool of a transport whose agent says how many connections its system lets it have. Those that the agent has for others aren't
 * this hop's to give; an agent that is gone has none.
 */
public final class AgentSlots implements AgentClient.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(AgentSlots.class);

    private final FlowBudget budget;
    private final String transport;

    /** For the pool {@code transport} of {@code budget}. */
    public AgentSlots(FlowBudget budget, String transport) {
        this.budget = budget;
        this.transport = transport;
    }

    @Override
    public void limits(Limits limits) {
        budget.capacity(transport, capacity(limits, budget.inUse(transport)));
    }

    /**
     * What of the agent's capacity can be this hop's. A start that was under way when the limits were said counts here and not
     * there: until the next limits, others' connections may then be thought fewer than they are.
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
