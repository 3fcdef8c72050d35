package dev.throughline.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies bytes both ways between two connections of one event loop.
 *
 * <p>A side is read only while the other side takes what was read, so a slow reader holds back a fast writer and a flow
 * holds at most {@value #MOST_HELD} bytes and one read a direction. While the memory of all flows is scarce, a direction that holds
 * anything isn't read. The end of one direction is passed on as the end of that direction; a reset as a reset.
 * It has completed when both kernels at the other ends have acknowledged every byte and both ends. A Unix socket has no
 * acknowledgements: there it has when everything is in the other end's socket.
 *
 * <p>All methods are called on the event loop.
 */
public final class Relay {
    /**
     * Set on a channel that is read only when a byte is asked for. Netty's epoll transport reads all that the kernel holds as soon as
     * the other side has closed (EPOLLRDHUP), asked or not; that can be as much as the largest receive buffer (tcp_rmem, tcp(7)).
     */
    public static final AttributeKey<Boolean> READS_WHEN_ASKED = AttributeKey.valueOf("throughline.reads-when-asked");

    static final int MOST_HELD = 64 << 10;
    private static final int RESUMES_AT = MOST_HELD / 2;
    /** On the heap, for a buffer in the queue of a channel. */
    private static final int OVERHEAD = 256;

    private final Half toOutbound;
    private final Half toInbound;
    private final RelayTimeouts timeouts;
    private final BufferMemory memory;
    private final CompletableFuture<RelayResult> end = new CompletableFuture<>();
    private volatile long lastMoved = System.nanoTime();
    private @Nullable Future<?> idleCheck;
    private boolean finishing;
    private boolean inboundEndedFirst;

    /**
     * Both channels must have an {@link InboundBuffer}, reading off and half-closure allowed.
     *
     * @param memory of all flows
     */
    public Relay(DuplexChannel inbound, DuplexChannel outbound, RelayTimeouts timeouts, BufferMemory memory) {
        this.memory = memory;
        this.toOutbound = new Half(inbound, outbound, timeouts.outboundUser());
        this.toInbound = new Half(outbound, inbound, timeouts.inboundUser());
        this.timeouts = timeouts;
    }

    /** Begins; the answer comes when both connections have been closed. */
    public CompletableFuture<RelayResult> start() {
        toOutbound.attach(toInbound);
        toInbound.attach(toOutbound);
        if (!toOutbound.failIfLost() && !toInbound.failIfLost()) {
            scheduleIdleCheck(timeouts.idle().toNanos());
            toOutbound.from.read();
            toInbound.from.read();
        }
        return end;
    }

    /** Gives the flow up: both sides feel a reset. */
    public void abort() {
        finish(RelayResult.ABORTED);
    }

    /** Bytes that went from the side that opened the flow to the other. May be read from any thread. */
    public long bytesToOutbound() {
        return toOutbound.bytes;
    }

    /** Bytes that came back. May be read from any thread. */
    public long bytesToInbound() {
        return toInbound.bytes;
    }

    /** Returns whether the side that opened the flow ended its output before the other side did. */
    public boolean hasInboundEndedFirst() {
        return inboundEndedFirst;
    }

    /** Returns the memory of what was read and not yet sent, in bytes. May be called from any thread. */
    public int heldBytes() {
        return toOutbound.pending + toInbound.pending;
    }

    /** When a byte moved last, by {@link System#nanoTime}. May be read from any thread. */
    public long movedNanos() {
        return lastMoved;
    }

    private void scheduleIdleCheck(long nanos) {
        idleCheck = toOutbound.from.eventLoop().schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
    }

    private void checkIdle() {
        lastMoved = Math.max(lastMoved, Math.max(toOutbound.sentNanos(), toInbound.sentNanos()));
        long left = silence() - (System.nanoTime() - lastMoved);
        if (left > 0) {
            scheduleIdleCheck(left);
        } else {
            finish(isHalfClosed() ? RelayResult.HALF_CLOSED : RelayResult.IDLE);
        }
    }

    /** How long nothing may move. */
    private long silence() {
        return isHalfClosed()
                ? Math.min(timeouts.halfClosed().toNanos(), timeouts.idle().toNanos())
                : timeouts.idle().toNanos();
    }

    private boolean isHalfClosed() {
        return toOutbound.inputEnded || toInbound.inputEnded;
    }

    /** The time that counts from now on may be a shorter one. */
    private void halfClosed() {
        if (idleCheck != null) {
            idleCheck.cancel(false);
            lastMoved = System.nanoTime();
            scheduleIdleCheck(silence());
        }
    }

    private RelayResult lost(Half side, PeerLoss how) {
        boolean inbound = side == toOutbound;
        return switch (how) {
            case RESET -> inbound ? RelayResult.INBOUND_RESET : RelayResult.OUTBOUND_RESET;
            case TIMEOUT -> inbound ? RelayResult.INBOUND_TIMEOUT : RelayResult.OUTBOUND_TIMEOUT;
        };
    }

    private void completeIfAcknowledged() {
        if (toOutbound.isAcknowledged() && toInbound.isAcknowledged()) {
            finish(RelayResult.COMPLETED);
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
    private void finish(RelayResult reason) {
        // Closing fails the writes that are queued, which comes back here as if that side had been reset.
        if (finishing) {
            return;
        }
        finishing = true;
        if (idleCheck != null) {
            idleCheck.cancel(false);
        }
        toOutbound.guard.stop();
        toInbound.guard.stop();
        for (Channel channel : new Channel[] {toOutbound.from, toInbound.from}) {
            if (reason == RelayResult.COMPLETED) {
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
        private final SlowReaderGuard guard;
        private volatile long bytes;
        private volatile int pending;
        private boolean inputEnded;
        private boolean delivered;
        private boolean acknowledged;
        private boolean held;
        private @Nullable Half opposite;

        Half(DuplexChannel from, DuplexChannel to, Duration userTimeout) {
            this.from = from;
            this.to = to;
            this.guard = new SlowReaderGuard(to, userTimeout, () -> {
                if (opposite != null) {
                    finish(lost(opposite, PeerLoss.TIMEOUT));
                }
            });
        }

        void attach(Half other) {
            opposite = other;
            from.attr(READS_WHEN_ASKED).set(true);
            from.pipeline().addLast(this);
        }

        /** A connection may have been lost before the relay began: its input ended then, but not as the sender meant it. */
        boolean failIfLost() {
            InboundBuffer inbox = from.pipeline().get(InboundBuffer.class);
            if (inbox != null && inbox.failure().isPresent()) {
                finish(lost(this, PeerLoss.of(inbox.failure().get())));
            } else if (!from.isActive()) {
                finish(lost(this, PeerLoss.RESET));
            }
            return finishing;
        }

        /** When the kernel sent bytes of this direction last, as a slow reader takes what was queued for it long ago. */
        long sentNanos() {
            return TcpState.of(to)
                    .map(info -> System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(info.lastDataSent()))
                    .orElse(lastMoved);
        }

        /** Whether the other end has all bytes of this direction, and their end. */
        boolean isAcknowledged() {
            if (delivered && !acknowledged) {
                acknowledged = !(to instanceof EpollSocketChannel) || hasEndedWell();
            }
            return acknowledged;
        }

        /** The kernel keeps a connection until the end is acknowledged; then it knows of an error, or of none. */
        private boolean hasEndedWell() {
            if (!TcpState.isClosed(to)) {
                return false;
            }
            Optional<IOException> error = TcpState.error(to);
            if (error.isPresent() && opposite != null) {
                finish(lost(opposite, PeerLoss.of(error.get())));
            }
            return error.isEmpty();
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // written by the event loop only
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf data = (ByteBuf) message;
            bytes += data.readableBytes();
            lastMoved = System.nanoTime();
            int size = data.capacity() + OVERHEAD;
            pending += size;
            memory.take(size);
            to.write(data).addListener(written -> sent(size, written));
            guard.written();
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // written by the event loop only
        private void sent(int size, Future<?> written) {
            pending -= size;
            memory.giveBack(size);
            if (!written.isSuccess()) {
                if (opposite != null) {
                    finish(lost(opposite, PeerLoss.of(written.cause())));
                }
            } else if (held && !isFull(RESUMES_AT)) {
                lastMoved = System.nanoTime();
                readMore();
            }
        }

        private boolean isFull(int most) {
            return pending > (memory.isScarce() ? 0 : most);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            to.flush();
            readMore();
        }

        private void readMore() {
            held = isFull(MOST_HELD);
            if (!held && !inputEnded && from.isOpen()) {
                from.read();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent && !inputEnded) {
                inboundEndedFirst |= this == toOutbound && !toInbound.inputEnded;
                inputEnded = true;
                halfClosed();
                // Shutting down at once would throw away what is still queued: the end follows the last byte.
                to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
                    if (written.isSuccess()) {
                        to.shutdownOutput().addListener(shut -> delivered());
                    }
                });
            } else if (event == HangUpEvent.INSTANCE && opposite != null) {
                opposite.acknowledged = true;
                completeIfAcknowledged();
            }
        }

        private void delivered() {
            delivered = true;
            completeIfAcknowledged();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            finish(cause instanceof OutOfMemoryError ? RelayResult.NO_MEMORY : lost(this, PeerLoss.of(cause)));
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            finish(lost(this, PeerLoss.RESET));
        }
    }
}
