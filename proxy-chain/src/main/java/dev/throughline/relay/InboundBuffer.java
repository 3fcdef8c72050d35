package dev.throughline.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a connection has received and nobody has asked for yet: bytes, then perhaps the end of the input, in order. It is
 * the first handler of a flow's connections, since Netty's epoll transport reads whatever the kernel holds as soon as the
 * other side has closed, asked or not; without an inbox those bytes would reach handlers that aren't ready for them.
 * It notices a lost connection, too. Holds at most what the kernel's receive buffer held.
 */
public final class InboundBuffer extends ChannelDuplexHandler {
    private final ArrayDeque<Object> waiting = new ArrayDeque<>();
    private boolean wanted;
    private boolean delivering;
    private boolean ended;
    private @Nullable Throwable failure;
    private Predicate<Throwable> failureListener = problem -> false;

    /**
     * Has {@code listener} notified, once, when the connection is lost; also while nobody reads it. If it answers false, the handlers
     * that follow are notified instead.
     */
    public void onFailure(Predicate<Throwable> listener) {
        failureListener = listener;
    }

    /** Returns how the connection was lost, if it was: what was received of it is incomplete. */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** Puts bytes back in front: they were received and belong to the next reader. */
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
            if (failure != null) {
                return;
            }
            ended = true;
            waiting.addLast(event);
            deliver(context);
        } else if (event == HangUpEvent.INSTANCE) {
            hungUp(context);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    /**
     * Tells a connection that ended well from one that was lost. Once the input has ended Netty reads no error any more, so the kernel is
     * asked.
     */
    private void hungUp(ChannelHandlerContext context) {
        if (failure != null || !TcpState.isClosed(context.channel())) {
            return;
        }
        Optional<IOException> error = TcpState.error(context.channel());
        boolean orderly = ((DuplexChannel) context.channel()).isOutputShutdown();
        if (error.isEmpty() && orderly) {
            context.fireUserEventTriggered(HangUpEvent.INSTANCE);
        } else {
            exceptionCaught(
                    context,
                    error.orElseGet(() -> new IOException("the connection ended before its output was shut down")));
        }
    }

    /** The end of the input that Netty reports after a failure isn't the end of the stream. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (failure == null) {
            failure = cause;
            if (failureListener.test(cause)) {
                return;
            }
        }
        context.fireExceptionCaught(cause);
    }

    @Override
    public void read(ChannelHandlerContext context) {
        wanted = true;
        deliver(context);
    }

    /**
     * Hands over one item a request; a reader that asks again while it gets one is served by the same loop. The transport is
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
        if (wanted && !ended && failure == null) {
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
