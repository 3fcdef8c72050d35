package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeAnswer;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;

/** A writer of an agent's answers to a hop. */
final class Answers {
    private Answers() {}

    static void send(Channel hop, BridgeAnswer answer) {
        hop.writeAndFlush(Unpooled.wrappedBuffer(answer.encode().toByteArray()));
    }

    /** Sends a failure, and closes the connection. */
    static void fail(Channel hop, String reason) {
        hop.writeAndFlush(Unpooled.wrappedBuffer(
                        new BridgeAnswer.Failed(reason).encode().toByteArray()))
                .addListener(ChannelFutureListener.CLOSE);
    }
}
