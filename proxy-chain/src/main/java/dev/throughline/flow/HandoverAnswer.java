package dev.throughline.flow;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.engine.Connection;
import dev.throughline.engine.LoopBuffer;
import java.io.IOException;

/**
 * The answer to an agent that handed over a flow (BRIDGE.md, "Answer"): sent once, before any byte of the flow. On the
 * connections of other listeners no answer is pending. Not thread-safe.
 */
final class HandoverAnswer {
    private final Connection agent;
    private boolean pending;

    HandoverAnswer(Connection agent, boolean pending) {
        this.agent = agent;
        this.pending = pending;
    }

    /** Returns whether the agent waits for the answer. */
    boolean isPending() {
        return pending;
    }

    /** Returns the answer that the upstream connection is open, for the caller to send; nothing if no answer is pending. */
    byte[] connected() {
        if (!pending) {
            return new byte[0];
        }
        pending = false;
        return new BridgeAnswer.Connected().encode().toByteArray();
    }

    /** Tells the agent why its flow failed, and closes its connection. */
    void failed(CloseReason reason) {
        pending = false;
        byte[] answer = new BridgeAnswer.Failed(reason.toString()).encode().toByteArray();
        try {
            // The first bytes of a connection always fit into its send buffer.
            agent.write(LoopBuffer.empty().put(answer).flip());
        } catch (IOException e) {
            // The agent is gone, and its flow with it.
        }
        agent.closeInOrder();
    }
}
