package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import dev.throughline.transport.ConnectAttempt;
import dev.throughline.transport.UpstreamConnection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;

/** A connection that was requested from an agent, controlled by a test. */
final class OpenedFlow {
    private final ConnectAttempt start;
    private final Received received = new Received();

    OpenedFlow(ConnectAttempt start) {
        this.start = start;
    }

    ConnectAttempt start() {
        return start;
    }

    /** Waits until it is open, and records its bytes. */
    OpenedFlow connected() throws Exception {
        DuplexChannel channel = opened().channel();
        channel.eventLoop()
                .submit(() -> {
                    channel.pipeline().addLast(received);
                    channel.read();
                })
                .sync();
        return this;
    }

    UpstreamConnection opened() throws Exception {
        return AskingHop.get(start.opened());
    }

    OpenedFlow send(String text) throws Exception {
        opened().channel()
                .writeAndFlush(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8))
                .sync();
        return this;
    }

    OpenedFlow finish() throws Exception {
        opened().channel().shutdownOutput().sync();
        return this;
    }

    /** Returns all bytes so far. */
    boolean hasText(String text) {
        return received.text.get().equals(text);
    }

    void awaitText(String text) {
        await().until(() -> hasText(text));
    }

    void awaitEnd() {
        await().until(() -> received.ended);
    }

    boolean isReleased() {
        return start.released().isDone();
    }

    void close() throws Exception {
        opened().channel().close().sync();
    }

    private static final class Received extends ChannelInboundHandlerAdapter {
        private final AtomicReference<String> text = new AtomicReference<>("");
        private volatile boolean ended;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf data = (ByteBuf) message;
            text.accumulateAndGet(data.toString(StandardCharsets.UTF_8), String::concat);
            data.release();
            context.read();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            ended |= event instanceof ChannelInputShutdownEvent;
        }
    }
}
