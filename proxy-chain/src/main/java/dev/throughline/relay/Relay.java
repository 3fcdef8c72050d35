package dev.throughline.relay;

import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.Pipe;
import dev.throughline.engine.TimeoutList;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The relay of bytes in both directions between two connections of one event loop.
 *
 * <p>A side is read only while the other side takes everything, so a slow reader slows down a fast writer, and a direction holds at
 * most one read ({@link LoopBuffer#BYTES}) or a full pipe. The end of one direction is forwarded as an end, a reset as a reset. It completes when
 * the kernels of both peers have acknowledged every byte and the end of each direction; where the system doesn't show that, and for
 * a Unix socket, which has no acknowledgements, when everything is in the peer's socket.
 *
 * <p>All methods are called on the event loop, unless they say otherwise.
 */
public final class Relay {
    /** Reads of one direction before other sockets of the loop are served. */
    private static final int READS_AT_ONCE = 16;
    /** After this time a flow is no short one: options that only matter to long ones are set then. */
    private static final Duration SETTLED = Duration.ofSeconds(1);
    /** Bytes that are copied in large pieces before a direction is spliced. */
    private static final int SPLICED_AFTER = 64 << 10;
    /** Size of a large piece. */
    private static final int SPLICED_AT_LEAST = 16 << 10;
    /** Smaller pieces before a direction is copied again. */
    private static final int SMALL_BEFORE_COPYING = 4;
    /** Heap size of a buffer that holds unsent bytes. */
    private static final int OVERHEAD = 256;

    private final Direction toOutbound;
    private final Direction toInbound;
    private final RelayTimeouts timeouts;
    private final BufferMemory memory;
    private final Consumer<RelayResult> ended;
    private volatile long lastMoved = System.nanoTime();
    private final Check check = new Check();
    private @Nullable Future<?> timer;
    private boolean settled;
    private boolean finishing;
    private boolean inboundEndedFirst;

    /**
     * Creates a relay.
     *
     * @param memory the memory of all flows
     * @param ended is called once, when both connections are closed
     */
    public Relay(
            Connection inbound,
            Connection outbound,
            RelayTimeouts timeouts,
            BufferMemory memory,
            Consumer<RelayResult> ended) {
        this.memory = memory;
        this.toOutbound = new Direction(inbound, outbound, timeouts.outbound().userTimeout());
        this.toInbound = new Direction(outbound, inbound, timeouts.inbound().userTimeout());
        this.timeouts = timeouts;
        this.ended = ended;
    }

    /** Starts relaying. */
    public void start() {
        start(new byte[0], new byte[0]);
    }

    /**
     * Starts relaying. The prefixes don't count as relayed bytes.
     *
     * @param outboundPrefix bytes before the first relayed byte to the outbound side, in one write with it if it is there
     * @param inboundPrefix bytes before the first relayed byte to the inbound side
     */
    public void start(byte[] outboundPrefix, byte[] inboundPrefix) {
        if (toOutbound.failIfLost() || toInbound.failIfLost()) {
            return;
        }
        long firstCheck = Math.min(
                Math.min(SETTLED.toNanos(), timeouts.idle().toNanos()),
                Math.min(toOutbound.guard.shortestNanos(), toInbound.guard.shortestNanos()));
        TimeoutList.start(toOutbound.from.loop(), firstCheck, check);
        toOutbound.from.events(toOutbound);
        toInbound.from.events(toInbound);
        toOutbound.start(outboundPrefix);
        if (!finishing) {
            toInbound.start(inboundPrefix);
        }
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
        return toOutbound.heldBytes + toInbound.heldBytes;
    }

    /** Returns when a byte last moved, by {@link System#nanoTime}. Any thread may call. */
    public long movedNanos() {
        return lastMoved;
    }

    /** The check of all timeouts. Most flows end before the first one. */
    private final class Check extends TimeoutList.Timeout implements Runnable {
        @Override
        protected void expired() {
            check();
        }

        @Override
        public void run() {
            timer = null;
            check();
        }
    }

    private void checkIn(long nanos) {
        stopChecks();
        timer = toOutbound.from.loop().schedule(check, nanos, TimeUnit.NANOSECONDS);
    }

    private void stopChecks() {
        check.cancel();
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    private void check() {
        if (!settled) {
            settled = true;
            toOutbound.to.keepAlive(timeouts.outbound());
        }
        if (toOutbound.guard.check()) {
            toOutbound.lostTo(PeerLoss.TIMEOUT);
        } else if (toInbound.guard.check()) {
            toInbound.lostTo(PeerLoss.TIMEOUT);
        }
        if (finishing) {
            return;
        }
        long idleLeft = idleLeft();
        if (idleLeft <= 0) {
            // The peer's kernel may have taken bytes that were written long ago.
            lastMoved = Math.max(lastMoved, Math.max(toOutbound.sentNanos(), toInbound.sentNanos()));
            idleLeft = idleLeft();
        }
        if (idleLeft <= 0) {
            finish(isHalfClosed() ? RelayResult.HALF_CLOSED : RelayResult.IDLE);
        } else {
            checkIn(Math.min(idleLeft, Math.min(toOutbound.guard.intervalNanos(), toInbound.guard.intervalNanos())));
        }
    }

    private long idleLeft() {
        Duration limit = isHalfClosed() && timeouts.halfClosed().compareTo(timeouts.idle()) < 0
                ? timeouts.halfClosed()
                : timeouts.idle();
        return limit.toNanos() - (System.nanoTime() - lastMoved);
    }

    private boolean isHalfClosed() {
        return toOutbound.inputEnded || toInbound.inputEnded;
    }

    /** Starts the half-closed timeout, which may be shorter than the idle timeout. */
    private void halfClosed() {
        lastMoved = System.nanoTime();
        if (settled || timeouts.halfClosed().compareTo(SETTLED) < 0) {
            checkIn(Math.max(1, idleLeft()));
        }
    }

    private void completeIfAcknowledged() {
        if (toOutbound.acknowledged && toInbound.acknowledged) {
            finish(RelayResult.COMPLETED);
        }
    }

    /** Closes both sides, with a reset unless the relay completed: a truncated stream must not look complete. */
    private void finish(RelayResult reason) {
        if (finishing) {
            return;
        }
        finishing = true;
        stopChecks();
        toOutbound.from.close();
        toInbound.from.close();
        toOutbound.release();
        toInbound.release();
        ended.accept(reason);
    }

    /**
     * One direction. It receives the events of its source, which is the destination of the opposite direction, and passes those that
     * are for that one on.
     */
    private final class Direction implements ConnectionEvents {
        private final Connection from;
        private final Connection to;
        private final SlowReaderGuard guard;
        private volatile long bytes;
        private volatile int heldBytes;
        /** Bytes that were read and not yet sent. */
        private @Nullable ByteBuf held;

        /** Through which bytes move without being copied, while they come in large pieces. */
        private @Nullable Pipe pipe;

        private int copiedInRow;
        private int smallInRow;
        private boolean inputEnded;
        private boolean acknowledged;
        private boolean scheduled;

        Direction(Connection from, Connection to, Duration userTimeout) {
            this.from = from;
            this.to = to;
            this.guard = new SlowReaderGuard(to, userTimeout);
        }

        private Direction opposite() {
            return this == toOutbound ? toInbound : toOutbound;
        }

        @Override
        public void readable() {
            move();
        }

        @Override
        public void writable() {
            opposite().destinationWritable();
        }

        @Override
        public void finished() {
            opposite().acknowledged();
        }

        /** Fails if the connection was lost before the relay started: its input then ended without the sender's intent. */
        boolean failIfLost() {
            Optional<IOException> failure = from.failure();
            if (failure.isPresent()) {
                lost(failure.get());
            } else if (!finishing && !from.isOpen()) {
                lost(PeerLoss.RESET);
            }
            return finishing;
        }

        /** Sends {@code prefix}, in one write with the bytes that were received until now. */
        void start(byte[] prefix) {
            if (prefix.length > 0) {
                ByteBuffer buffer = LoopBuffer.empty().put(prefix);
                int received = receive(buffer);
                if (!finishing && send(buffer.flip()) && received < 0) {
                    endOutput();
                }
            }
            move();
        }

        /**
         * Returns when the kernel last sent bytes of this direction: a slow reader may take bytes that were queued long ago.
         */
        long sentNanos() {
            return to.tcpState()
                    .map(state -> System.nanoTime() - state.sinceDataSent().toNanos())
                    .orElse(lastMoved);
        }

        /** Moves bytes until there are no more, or the destination takes no more. */
        void move() {
            for (int i = 0; i < READS_AT_ONCE; i++) {
                if (finishing || inputEnded || isBlocked()) {
                    return;
                }
                int moved = pipe == null ? copy() : splice();
                if (moved == 0) {
                    return;
                }
                if (moved < 0) {
                    endOutput();
                    return;
                }
            }
            moveLater();
        }

        private boolean isBlocked() {
            return held != null || (pipe != null && pipe.held() > 0);
        }

        /** Returns as {@link Connection#read} does. */
        private int copy() {
            ByteBuffer buffer = LoopBuffer.empty();
            int received = receive(buffer);
            if (received <= 0) {
                return received;
            }
            boolean full = !buffer.hasRemaining();
            if (send(buffer.flip()) && pipe == null) {
                // Below this, two calls of splice(2) and its pipe cost more than copying.
                copiedInRow = full || received >= SPLICED_AT_LEAST ? copiedInRow + received : 0;
                if (copiedInRow >= SPLICED_AFTER) {
                    copiedInRow = 0;
                    smallInRow = 0;
                    pipe = from.pipeTo(to).orElse(null);
                }
            }
            return received;
        }

        /** Moves bytes through the pipe. Returns as {@link Connection#read} does. */
        private int splice() {
            Pipe through = Objects.requireNonNull(pipe);
            int moved;
            try {
                moved = through.fill();
            } catch (IOException e) {
                lost(e);
                return 0;
            }
            if (moved == 0) {
                // Nothing, the end, or an urgent byte.
                return copy();
            }
            moved(moved);
            if (!drain(through)) {
                return 0;
            }
            smallInRow = moved < SPLICED_AT_LEAST ? smallInRow + 1 : 0;
            if (smallInRow == SMALL_BEFORE_COPYING) {
                pipe = null;
                through.release();
            }
            return moved;
        }

        /** Empties the pipe into the destination. Returns false if some bytes remain, or the destination is lost. */
        private boolean drain(Pipe through) {
            try {
                through.drain();
            } catch (IOException e) {
                lostTo(PeerLoss.of(e));
                return false;
            }
            written();
            account(through.held());
            return through.held() == 0;
        }

        /** Counts bytes that the pipe holds as memory of all flows, as the kernel keeps them for this hop. */
        private void account(int inPipe) {
            if (inPipe != heldBytes) {
                int change = inPipe - heldBytes;
                heldBytes = inPipe;
                if (change > 0) {
                    memory.take(change);
                } else {
                    memory.giveBack(-change);
                }
            }
        }

        private void moveLater() {
            if (!scheduled) {
                scheduled = true;
                from.loop().execute(() -> {
                    scheduled = false;
                    move();
                });
            }
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // written by the event loop only
        private void moved(int count) {
            bytes += count;
            lastMoved = System.nanoTime();
        }

        /** Reads into {@code buffer}. Returns the number of bytes, or -1 at the end of the input. */
        private int receive(ByteBuffer buffer) {
            int received;
            try {
                received = from.read(buffer);
            } catch (IOException e) {
                lost(e);
                return 0;
            }
            if (received > 0) {
                moved(received);
            } else if (received < 0) {
                inboundEndedFirst |= this == toOutbound && !toInbound.inputEnded;
                inputEnded = true;
                halfClosed();
            }
            return received;
        }

        /** Sends {@code buffer}, and holds what the kernel doesn't take. Returns whether it took everything. */
        private boolean send(ByteBuffer buffer) {
            try {
                to.write(buffer);
            } catch (IOException e) {
                lostTo(PeerLoss.of(e));
                return false;
            }
            written();
            if (!buffer.hasRemaining()) {
                return true;
            }
            hold(buffer);
            return false;
        }

        /** Lets the guard check the peer in time. Before the relay has settled, its first check does that. */
        private void written() {
            if (guard.written() && settled) {
                checkIn(Math.min(Math.max(1, idleLeft()), guard.intervalNanos()));
            }
        }

        private void hold(ByteBuffer unsent) {
            ByteBuf copy;
            try {
                copy = PooledByteBufAllocator.DEFAULT.directBuffer(unsent.remaining());
            } catch (OutOfMemoryError e) {
                finish(RelayResult.NO_MEMORY);
                return;
            }
            copy.writeBytes(unsent);
            held = copy;
            heldBytes = copy.capacity() + OVERHEAD;
            memory.take(heldBytes);
        }

        private void release() {
            Pipe through = pipe;
            if (through != null) {
                pipe = null;
                account(0);
                through.release();
            }
            ByteBuf unsent = held;
            if (unsent != null) {
                releaseHeld(unsent);
            }
        }

        private void releaseHeld(ByteBuf unsent) {
            held = null;
            unsent.release();
            memory.giveBack(heldBytes);
            heldBytes = 0;
        }

        /** Sends held bytes, and reads again when all are sent. */
        private void destinationWritable() {
            Pipe through = pipe;
            if (!finishing && through != null && through.held() > 0) {
                lastMoved = System.nanoTime();
                if (drain(through)) {
                    move();
                }
                return;
            }
            ByteBuf unsent = held;
            if (unsent == null || finishing) {
                return;
            }
            ByteBuffer buffer = unsent.nioBuffer();
            int before = buffer.remaining();
            try {
                to.write(buffer);
            } catch (IOException e) {
                lostTo(PeerLoss.of(e));
                return;
            }
            int sent = before - buffer.remaining();
            unsent.skipBytes(sent);
            if (sent > 0) {
                lastMoved = System.nanoTime();
                written();
            }
            if (unsent.isReadable()) {
                return;
            }
            releaseHeld(unsent);
            if (inputEnded) {
                endOutput();
            } else {
                move();
            }
        }

        /** Forwards the end of the input, after the last byte. */
        private void endOutput() {
            if (isBlocked() || finishing) {
                return;
            }
            to.shutdownOutput();
            if (!to.reportsFinish()) {
                acknowledged();
            }
        }

        private void acknowledged() {
            acknowledged = true;
            completeIfAcknowledged();
        }

        /** Ends the relay because the source is lost. */
        @Override
        public void lost(IOException how) {
            lost(PeerLoss.of(how));
        }

        private void lost(PeerLoss how) {
            boolean inbound = this == toOutbound;
            finish(
                    switch (how) {
                        case RESET -> inbound ? RelayResult.INBOUND_RESET : RelayResult.OUTBOUND_RESET;
                        case TIMEOUT -> inbound ? RelayResult.INBOUND_TIMEOUT : RelayResult.OUTBOUND_TIMEOUT;
                    });
        }

        /** Ends the relay because the destination is lost. */
        private void lostTo(PeerLoss how) {
            opposite().lost(how);
        }
    }
}
