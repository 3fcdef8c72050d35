package dev.throughline.flow;

import dev.throughline.header.Header;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.relay.InboundBuffer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A reader for the header at the start of a connection, however it is split, within a deadline. Bytes behind it stay in the
 * {@link InboundBuffer}. It keeps at most the bytes of one header, in memory of at most twice their size.
 */
final class HeaderReceiver extends ChannelInboundHandlerAdapter {
    /** Thrown if a connection ended before its first byte, like that of a health checker that only connects. */
    static final class EndedSilently extends FlowRejectedException {
        private static final long serialVersionUID = 1L;

        EndedSilently(String how) {
            super(CloseReason.HEADER_INCOMPLETE, how);
        }
    }

    private final HeaderReader reader;
    private final InboundBuffer inbox;
    private final int maxBytes;
    private final CompletableFuture<Header> answer = new CompletableFuture<>();
    private byte[] received = {};
    private int length;

    private HeaderReceiver(HeaderReader reader, InboundBuffer inbox) {
        this.reader = reader;
        this.inbox = inbox;
        this.maxBytes = reader.limits().maxBytes();
    }

    /**
     * Reads the header of {@code connection}; fails with {@link FlowRejectedException}.
     *
     * @param reader for the kind of header that the listener expects
     * @param lost completes, on any thread, when the connection may no longer wait
     */
    static CompletableFuture<Header> read(
            Channel connection,
            InboundBuffer inbox,
            HeaderReader reader,
            Duration timeout,
            CompletableFuture<Void> lost) {
        HeaderReceiver input = new HeaderReceiver(reader, inbox);
        Future<?> deadline = connection
                .eventLoop()
                .schedule(
                        () -> input.refuse(
                                CloseReason.HEADER_TIMEOUT, input.length + " bytes in " + timeout.toMillis() + " ms"),
                        timeout.toMillis(),
                        TimeUnit.MILLISECONDS);
        connection.pipeline().addLast(input);
        if (connection.isActive()) {
            connection.read();
        } else {
            input.end("closed before its header");
        }
        lost.thenRunAsync(
                () -> input.refuse(CloseReason.HEADER_BUDGET, "too many unfinished headers, and its peer has the most"),
                connection.eventLoop());
        return input.answer.whenComplete((header, problem) -> {
            deadline.cancel(false);
            connection.pipeline().remove(input);
        });
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        int taken = Math.min(data.readableBytes(), maxBytes - length);
        if (length + taken > received.length) {
            received = Arrays.copyOf(received, Math.min(maxBytes, Math.max(length + taken, 2 * received.length)));
        }
        data.readBytes(received, length, taken);
        int before = length;
        length += taken;
        switch (reader.read(received, length)) {
            case ReadResult.NeedMore more -> {
                data.release();
                context.read();
            }
            case ReadResult.Malformed malformed -> {
                data.release();
                refuse(CloseReason.HEADER_MALFORMED, "byte " + malformed.offset() + ": " + malformed.problem());
            }
            case ReadResult.Complete complete -> {
                // The header ends in this buffer; the bytes behind it belong to the flow.
                data.readerIndex(
                        data.readerIndex() - taken + (complete.header().raw().length() - before));
                inbox.giveBack(data);
                answer.complete(complete.header());
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        end("closed after " + length + " bytes of its header");
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end("reset after " + length + " bytes of its header");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end("reset after " + length + " bytes of its header");
    }

    private void end(String how) {
        answer.completeExceptionally(
                length == 0 ? new EndedSilently(how) : new FlowRejectedException(CloseReason.HEADER_INCOMPLETE, how));
    }

    private void refuse(CloseReason reason, String detail) {
        answer.completeExceptionally(new FlowRejectedException(reason, detail));
    }
}
