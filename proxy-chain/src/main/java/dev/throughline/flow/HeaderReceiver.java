package dev.throughline.flow;

import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.TimeoutList;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A reader for the header at the start of a connection, however it is split, within a deadline. Bytes behind it are put back. It
 * keeps at most the bytes of one header, in memory of at most twice their size.
 */
final class HeaderReceiver implements ConnectionEvents {
    /** Thrown if a connection ended before its first byte, like that of a health checker that only connects. */
    static final class EndedSilently extends FlowRejectedException {
        private static final long serialVersionUID = 1L;

        EndedSilently(String how) {
            super(CloseReason.HEADER_INCOMPLETE, how);
        }
    }

    /** The receiver of the header, on the connection's loop. */
    interface Listener {
        void received(Header header);

        void failed(FlowRejectedException why);
    }

    private final Connection connection;
    private final HeaderReader reader;
    private final int maxBytes;
    private final Listener listener;
    private final Duration timeout;
    private byte[] received = {};
    private int length;
    private boolean done;
    private @Nullable Late deadline;
    private HalfOpenHeaders.@Nullable HeaderLease lease;

    private HeaderReceiver(Connection connection, HeaderReader reader, Duration timeout, Listener listener) {
        this.connection = connection;
        this.reader = reader;
        this.maxBytes = reader.limits().maxBytes();
        this.listener = listener;
        this.timeout = timeout;
    }

    /**
     * Reads the header of {@code connection}. Meanwhile it receives the connection's events.
     *
     * @param reader for the kind of header that the listener expects
     * @param lease is closed at the end; when it is lost, the connection may no longer wait
     */
    static void read(
            Connection connection,
            HeaderReader reader,
            Duration timeout,
            HalfOpenHeaders.HeaderLease lease,
            Listener listener) {
        HeaderReceiver input = new HeaderReceiver(connection, reader, timeout, listener);
        connection.events(input);
        connection.whenClosed(input.new Closed());
        lease.whenLost(input.new Lost());
        input.lease = lease;
        input.readable();
        if (!input.done) {
            input.deadline = input.new Late();
            TimeoutList.start(connection.loop(), timeout.toNanos(), input.deadline);
        }
    }

    // Not lambdas, which are slow without the optimizing compiler: each flow needs them.

    private final class Closed implements Runnable {
        @Override
        public void run() {
            end("closed after " + length + " bytes of its header");
        }
    }

    private final class Late extends TimeoutList.Timeout {
        @Override
        protected void expired() {
            refuse(CloseReason.HEADER_TIMEOUT, length + " bytes in " + timeout.toMillis() + " ms");
        }
    }

    /** The lease is lost. Any thread may call. */
    private final class Lost implements Runnable {
        @Override
        public void run() {
            connection
                    .loop()
                    .execute(() -> refuse(
                            CloseReason.HEADER_BUDGET, "too many unfinished headers, and its peer has the most"));
        }
    }

    /** Returns whether this is the first result, and releases what is held until then. */
    private boolean finish() {
        if (done) {
            return false;
        }
        done = true;
        if (deadline != null) {
            deadline.cancel();
        }
        connection.whenClosed(() -> {});
        if (lease != null) {
            lease.close();
        }
        return true;
    }

    @Override
    public void readable() {
        try {
            while (!done) {
                // No more than the largest header: bytes behind it would wait in this process, and nothing counts them.
                ByteBuffer data = LoopBuffer.empty().limit(maxBytes - length);
                int read = connection.read(data);
                if (read < 0) {
                    end("closed after " + length + " bytes of its header");
                }
                if (read <= 0) {
                    return;
                }
                received(data.flip());
            }
        } catch (IOException e) {
            lost(e);
        }
    }

    private void received(ByteBuffer data) {
        int taken = data.remaining();
        if (length + taken > received.length) {
            received = Arrays.copyOf(received, Math.min(maxBytes, Math.max(length + taken, 2 * received.length)));
        }
        data.get(received, length, taken);
        length += taken;
        ReadResult result = reader.read(received, length);
        // Not a switch over types, which is slow without the optimizing compiler: this runs for each flow.
        if (result instanceof ReadResult.Complete complete) {
            complete(complete.header());
        } else if (result instanceof ReadResult.Malformed malformed) {
            refuse(CloseReason.HEADER_MALFORMED, "byte " + malformed.offset() + ": " + malformed.problem());
        }
    }

    private void complete(Header header) {
        // The header ends in what was just read; the bytes behind it belong to the flow.
        int behind = length - header.raw().length();
        if (behind > 0) {
            connection.unread(Arrays.copyOfRange(received, length - behind, length));
        }
        if (finish()) {
            listener.received(header);
        }
    }

    @Override
    public void lost(IOException how) {
        end("reset after " + length + " bytes of its header");
    }

    private void end(String how) {
        failed(length == 0 ? new EndedSilently(how) : new FlowRejectedException(CloseReason.HEADER_INCOMPLETE, how));
    }

    private void refuse(CloseReason reason, String detail) {
        failed(new FlowRejectedException(reason, detail));
    }

    private void failed(FlowRejectedException why) {
        if (finish()) {
            listener.failed(why);
        }
    }
}
