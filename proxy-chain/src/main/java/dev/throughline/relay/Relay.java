package dev.throughline.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies bytes both ways between two connections of one event loop.
 *
 * <p>A side is read only while the other side takes what was read, so a slow reader holds back a fast writer and a flow
 * holds at most a write buffer (64 KiB) and one read a direction; once a sender has closed, what its kernel buffer still
 * holds may be taken at once. The end of one direction is passed on as the end of that direction; a reset as a reset.
 * All methods are called on the event loop.
 */
public final class Relay {
    private final Half toOutbound;
    private final Half toInbound;
    private final Duration idleTimeout;
    private final CompletableFuture<RelayEnd> end = new CompletableFuture<>();
    private volatile long lastMoved = System.nanoTime();
    private @Nullable Future<?> idleCheck;
    private boolean finishing;

    /** Both channels must have an {@link Inbox}, reading off and half-closure allowed. */
    public Relay(DuplexChannel inbound, DuplexChannel outbound, Duration idleTimeout) {
        this.toOutbound = new Half(inbound, outbound, RelayEnd.INBOUND_RESET);
        this.toInbound = new Half(outbound, inbound, RelayEnd.OUTBOUND_RESET);
        this.idleTimeout = idleTimeout;
    }

    /** Begins; the answer comes when both connections have been closed. */
    public CompletableFuture<RelayEnd> start() {
        toOutbound.attach(toInbound);
        toInbound.attach(toOutbound);
        scheduleIdleCheck(idleTimeout.toNanos());
        if (!toOutbound.from.isActive()) {
            finish(RelayEnd.INBOUND_RESET);
        } else if (!toInbound.from.isActive()) {
            finish(RelayEnd.OUTBOUND_RESET);
        } else {
            toOutbound.from.read();
            toInbound.from.read();
        }
        return end;
    }

    /** Gives the flow up: both sides feel a reset. */
    public void abort() {
        finish(RelayEnd.ABORTED);
    }

    /** Bytes that went from the side that opened the flow to the other. May be read from any thread. */
    public long bytesToOutbound() {
        return toOutbound.bytes;
    }

    /** Bytes that came back. May be read from any thread. */
    public long bytesToInbound() {
        return toInbound.bytes;
    }

    /** When a byte moved last, by {@link System#nanoTime}. May be read from any thread. */
    public long movedNanos() {
        return lastMoved;
    }

    private void scheduleIdleCheck(long nanos) {
        idleCheck = toOutbound.from.eventLoop().schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
    }

    private void checkIdle() {
        long left = idleTimeout.toNanos() - (System.nanoTime() - lastMoved);
        if (left > 0) {
            scheduleIdleCheck(left);
        } else {
            finish(RelayEnd.IDLE);
        }
    }

    /** Closes {@code channel} so that the other end feels a reset; nothing happens if it is closed already. */
    public static void reset(Channel channel) {
        if (channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.close();
        }
    }

    /** Closes both sides, with a reset unless all went well: what was cut short must not look complete to anyone. */
    private void finish(RelayEnd reason) {
        // Closing fails the writes that are queued, which comes back here as if that side had been reset.
        if (finishing) {
            return;
        }
        finishing = true;
        if (idleCheck != null) {
            idleCheck.cancel(false);
        }
        for (Channel channel : new Channel[] {toOutbound.from, toInbound.from}) {
            if (reason == RelayEnd.COMPLETED) {
                channel.close();
            } else {
                reset(channel);
            }
        }
        end.complete(reason);
    }

    /** One direction. */
    private final class Half extends ChannelInboundHandlerAdapter {
        private final DuplexChannel from;
        private final DuplexChannel to;
        private final RelayEnd ifReset;
        private volatile long bytes;
        private boolean inputEnded;
        private boolean delivered;
        private boolean held;
        private @Nullable Half opposite;

        Half(DuplexChannel from, DuplexChannel to, RelayEnd ifReset) {
            this.from = from;
            this.to = to;
            this.ifReset = ifReset;
        }

        void attach(Half other) {
            opposite = other;
            from.pipeline().addLast(this);
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // written by the event loop only
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf data = (ByteBuf) message;
            bytes += data.readableBytes();
            lastMoved = System.nanoTime();
            to.write(data, to.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            to.flush();
            readMore();
        }

        private void readMore() {
            held = !to.isWritable();
            if (!held && !inputEnded && from.isOpen()) {
                from.read();
            }
        }

        /** The channel that this half reads is also the one that the opposite half writes. */
        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            if (opposite != null && opposite.held && from.isWritable()) {
                lastMoved = System.nanoTime();
                opposite.readMore();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent && !inputEnded) {
                inputEnded = true;
                // Shutting down at once would throw away what is still queued: the end follows the last byte.
                to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
                    if (written.isSuccess()) {
                        to.shutdownOutput().addListener(shut -> delivered());
                    }
                });
            }
        }

        private void delivered() {
            delivered = true;
            if (opposite != null && opposite.delivered) {
                finish(RelayEnd.COMPLETED);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            finish(ifReset);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            finish(ifReset);
        }
    }
}
