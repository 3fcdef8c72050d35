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
 * The relay of bytes in both directions between two connections of one event loop.
 *
 * <p>A side is read only while the other side accepts data, so a slow reader slows down a fast writer, and a flow holds at most
 * {@value #MOST_HELD} bytes and one read for each direction. While the memory of all flows is scarce, a direction with unsent
 * bytes isn't read. The end of one direction is forwarded as an end, a reset as a reset.
 * It completes when the kernels of both peers have acknowledged every byte and the end of each direction. A Unix socket has no
 * acknowledgements: there it completes when everything is in the peer's socket.
 *
 * <p>All methods are called on the event loop.
 */
public final class Relay {
    /**
     * An attribute of channels that are read only on request. Netty's epoll transport reads all that the kernel holds as soon
     * as the other side has closed (EPOLLRDHUP), even with reading off; that can be as much as the largest receive buffer
     * (tcp_rmem, tcp(7)).
     */
    public static final AttributeKey<Boolean> READS_ON_REQUEST = AttributeKey.valueOf("throughline.reads-on-request");

    static final int MOST_HELD = 64 << 10;
    private static final int RESUMES_AT = MOST_HELD / 2;
    /** Heap size of a buffer in the queue of a channel. */
    private static final int OVERHEAD = 256;

    private final Direction toOutbound;
    private final Direction toInbound;
    private final RelayTimeouts timeouts;
    private final BufferMemory memory;
    private final CompletableFuture<RelayResult> end = new CompletableFuture<>();
    private volatile long lastMoved = System.nanoTime();
    private @Nullable Future<?> idleCheck;
    private boolean finishing;
    private boolean inboundEndedFirst;

    /**
     * Creates a relay. Both channels must have an {@link InboundBuffer}, reading off and half-closure allowed.
     *
     * @param memory the memory of all flows
     */
    public Relay(DuplexChannel inbound, DuplexChannel outbound, RelayTimeouts timeouts, BufferMemory memory) {
        this.memory = memory;
        this.toOutbound = new Direction(inbound, outbound, timeouts.outboundUser());
        this.toInbound = new Direction(outbound, inbound, timeouts.inboundUser());
        this.timeouts = timeouts;
    }

    /** Starts relaying. Completes when both connections are closed. */
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

    /** Aborts the flow with a reset of both sides. */
    public void abort() {
        finish(RelayResult.ABORTED);
    }

    /** Returns the bytes relayed from the side that opened the flow to the other. Any thread may call. */
    public long bytesToOutbound() {
        return toOutbound.bytes;
    }

    /** Returns the bytes relayed in the opposite direction. Any thread may call. */
    public long bytesToInbound() {
        return toInbound.bytes;
    }

    /** Returns whether the side that opened the flow ended its output before the other side did. */
    public boolean hasInboundEndedFirst() {
        return inboundEndedFirst;
    }

    /** Returns the memory of bytes that were read and not yet sent, in bytes. Any thread may call. */
    public int heldBytes() {
        return toOutbound.pending + toInbound.pending;
    }

    /** Returns when a byte last moved, by {@link System#nanoTime}. Any thread may call. */
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

    /** Returns the current timeout without a byte. */
    private long silence() {
        return isHalfClosed()
                ? Math.min(timeouts.halfClosed().toNanos(), timeouts.idle().toNanos())
                : timeouts.idle().toNanos();
    }

    private boolean isHalfClosed() {
        return toOutbound.inputEnded || toInbound.inputEnded;
    }

    /** Restarts the timer, since the half-closed timeout may be shorter. */
    private void halfClosed() {
        if (idleCheck != null) {
            idleCheck.cancel(false);
            lastMoved = System.nanoTime();
            scheduleIdleCheck(silence());
        }
    }

    private RelayResult lost(Direction side, PeerLoss how) {
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

    /** Closes {@code channel} with a reset of the peer; does nothing if it is closed. */
    public static void reset(Channel channel) {
        if (channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.close();
        }
    }

    /** Closes both sides, with a reset unless the relay completed: a truncated stream must not look complete. */
    private void finish(RelayResult reason) {
        // Closing fails the queued writes, which would otherwise be reported as a reset of that side.
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
    private final class Direction extends ChannelInboundHandlerAdapter {
        private final DuplexChannel from;
        private final DuplexChannel to;
        private final SlowReaderGuard guard;
        private volatile long bytes;
        private volatile int pending;
        private boolean inputEnded;
        private boolean delivered;
        private boolean acknowledged;
        private boolean held;
        private @Nullable Direction opposite;

        Direction(DuplexChannel from, DuplexChannel to, Duration userTimeout) {
            this.from = from;
            this.to = to;
            this.guard = new SlowReaderGuard(to, userTimeout, () -> {
                if (opposite != null) {
                    finish(lost(opposite, PeerLoss.TIMEOUT));
                }
            });
        }

        void attach(Direction other) {
            opposite = other;
            from.attr(READS_ON_REQUEST).set(true);
            from.pipeline().addLast(this);
        }

        /** Fails if the connection was lost before the relay started: its input then ended without the sender's intent. */
        boolean failIfLost() {
            InboundBuffer inbox = from.pipeline().get(InboundBuffer.class);
            if (inbox != null && inbox.failure().isPresent()) {
                finish(lost(this, PeerLoss.of(inbox.failure().get())));
            } else if (!from.isActive()) {
                finish(lost(this, PeerLoss.RESET));
            }
            return finishing;
        }

        /**
         * Returns when the kernel last sent bytes of this direction: a slow reader may take bytes that were queued long ago.
         */
        long sentNanos() {
            return TcpState.of(to)
                    .map(info -> System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(info.lastDataSent()))
                    .orElse(lastMoved);
        }

        /** Returns whether the peer has acknowledged all bytes of this direction and their end. */
        boolean isAcknowledged() {
            if (delivered && !acknowledged) {
                acknowledged = !(to instanceof EpollSocketChannel) || hasEndedWell();
            }
            return acknowledged;
        }

        /** Returns whether the connection ended without an error: the kernel keeps it until the end is acknowledged. */
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
                // Shutting down at once would discard queued bytes, so the end follows the last byte.
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
