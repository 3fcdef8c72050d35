package dev.throughline.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
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
 * A buffer of received data that no handler has read yet: bytes, and possibly the end of the input. It is the first handler of
 * a flow's connections: Netty's epoll transport reads everything that the kernel holds as soon as the other side has closed,
 * even with reading off, and handlers may not be ready for it.
 * It also detects a lost connection. It holds at most the content of the kernel's receive buffer.
 */
public final class InboundBuffer extends ChannelDuplexHandler {
    private final ArrayDeque<Object> waiting = new ArrayDeque<>();
    private boolean wanted;
    private boolean delivering;
    private boolean ended;
    private @Nullable Throwable failure;
    private Predicate<Throwable> failureListener = problem -> false;

    /**
     * Sets a listener that is called once when the connection is lost, even if reading is off. If it returns false, the next
     * handlers are notified instead.
     */
    public void onFailure(Predicate<Throwable> listener) {
        failureListener = listener;
    }

    /** Returns how the connection was lost, if so: its received data is incomplete. */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** Puts received bytes back in front, for the next reader. */
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
            if (isAbandoned(context.channel()) && UnixState.isPeerClosed(context.channel())) {
                exceptionCaught(context, new PeerClosedException());
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
     * Distinguishes a connection that ended normally from a lost one. After the end of the input, Netty reads no more errors,
     * so the kernel is queried.
     */
    private void hungUp(ChannelHandlerContext context) {
        if (UnixState.isUnix(context.channel())) {
            // Otherwise a read is in progress, and finds what was sent before the close, and then its end.
            if (failure == null && isAbandoned(context.channel()) && (ended || !wanted)) {
                exceptionCaught(context, new PeerClosedException());
            }
            return;
        }
        if (failure != null || !TcpState.isClosed(context.channel())) {
            return;
        }
        Optional<IOException> error = TcpState.error(context.channel());
        boolean orderly = ((DuplexChannel) context.channel()).isOutputShutdown();
        if (error.isEmpty() && orderly) {
            context.fireUserEventTriggered(HangUpEvent.INSTANCE);
        } else {
            exceptionCaught(context, error.orElseGet(PeerClosedException::new));
        }
    }

    /**
     * Returns whether a close of the other end means a reset. A Unix socket has none: its user closes it without waiting for the
     * end of the other direction (BRIDGE.md, section 4).
     */
    private static boolean isAbandoned(Channel channel) {
        return UnixState.isUnix(channel) && !((DuplexChannel) channel).isOutputShutdown();
    }

    /** Records the failure: the end of input that Netty reports after it isn't the end of the stream. */
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
     * Delivers one item for each read request; requests made meanwhile are served by the same loop. If the buffer is empty, the
     * transport is asked to read.
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
