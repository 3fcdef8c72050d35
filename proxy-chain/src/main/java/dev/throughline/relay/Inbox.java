package dev.throughline.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;

/**
 * What a connection has received and nobody has asked for yet: bytes, then perhaps the end of the input, in order. It is
 * the first handler of a flow's connections, since Netty's epoll transport reads whatever the kernel holds as soon as the
 * other side has closed, asked or not; without an inbox those bytes would reach handlers that aren't ready for them.
 * Holds at most what the kernel's receive buffer held.
 */
public final class Inbox extends ChannelDuplexHandler {
    private final ArrayDeque<Object> waiting = new ArrayDeque<>();
    private boolean wanted;
    private boolean delivering;
    private boolean ended;

    /** Puts bytes back in front: they were received and belong to whoever reads next. */
    public void giveBack(ByteBuf unread) {
        if (unread.isReadable()) {
            waiting.addFirst(unread);
        } else {
            unread.release();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        waiting.addLast(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        deliver(context);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            ended = true;
            waiting.addLast(event);
            deliver(context);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void read(ChannelHandlerContext context) {
        wanted = true;
        deliver(context);
    }

    /**
     * Hands over one item a request; whoever asks again while being handed one is served by the same loop. The transport is
     * asked for what isn't here.
     */
    private void deliver(ChannelHandlerContext context) {
        if (delivering) {
            return;
        }
        delivering = true;
        try {
            while (wanted && !waiting.isEmpty()) {
                wanted = false;
                Object item = waiting.removeFirst();
                if (item instanceof ChannelInputShutdownEvent) {
                    context.fireUserEventTriggered(item);
                } else {
                    context.fireChannelRead(item);
                    context.fireChannelReadComplete();
                }
            }
        } finally {
            delivering = false;
        }
        if (wanted && !ended) {
            context.read();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        release();
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        release();
    }

    private void release() {
        waiting.forEach(ReferenceCountUtil::release);
        waiting.clear();
    }
}
