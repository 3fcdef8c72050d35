package dev.throughline.flow;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.header.Bytes;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;

/**
 * The answer to an agent that handed over a flow (BRIDGE.md, "Answer"): sent once, before any byte of the flow. On the
 * connections of other listeners no answer is pending. Not thread-safe.
 */
final class HandoverAnswer {
    private final Channel agent;
    private boolean pending;

    HandoverAnswer(Channel agent, boolean pending) {
        this.agent = agent;
        this.pending = pending;
    }

    /** Returns whether the agent waits for the answer. */
    boolean isPending() {
        return pending;
    }

    /** Tells the agent that the upstream connection is open. */
    ChannelFuture connected() {
        return send(new BridgeAnswer.Connected());
    }

    /** Tells the agent why its flow failed, and closes its connection. */
    void failed(CloseReason reason) {
        send(new BridgeAnswer.Failed(reason.toString())).addListener(ChannelFutureListener.CLOSE);
    }

    private ChannelFuture send(BridgeAnswer answer) {
        pending = false;
        Bytes bytes = answer.encode();
        return agent.writeAndFlush(Unpooled.wrappedBuffer(bytes.toByteArray()));
    }
}
