package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeaderReceiverTest {
    private static final Bytes HEADER = HeaderWriter.proxy(
            Tuple.tcp(new InetSocketAddress("192.0.2.10", 40000), new InetSocketAddress("198.51.100.80", 443)),
            List.of(new Tlv(0xE0, Bytes.copyOf(new byte[100]))));
    private static final byte[] PAYLOAD = "GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final Duration LONG = Duration.ofMinutes(1);

    private final CompletableFuture<Void> lost = new CompletableFuture<>();
    private final InboundBuffer inbox = new InboundBuffer();
    private final EmbeddedChannel channel = channel();
    private final ByteArrayOutputStream flow = new ByteArrayOutputStream();
    private final List<ByteBuf> sent = new ArrayList<>();

    private EmbeddedChannel channel() {
        EmbeddedChannel made = new EmbeddedChannel();
        made.config().setAutoRead(false);
        made.pipeline().addLast(inbox);
        return made;
    }

    @AfterEach
    void everyBufferIsReleased() {
        channel.close();

        assertThat(sent).allMatch(buffer -> buffer.refCnt() == 0);
    }

    private CompletableFuture<Header> read(HeaderLimits limits, Duration timeout) {
        return HeaderReceiver.read(channel, inbox, new HeaderReader(limits), timeout, lost);
    }

    private void arrive(byte[]... pieces) {
        for (byte[] piece : pieces) {
            ByteBuf buffer = Unpooled.copiedBuffer(piece);
            sent.add(buffer);
            channel.pipeline().fireChannelRead(buffer);
            channel.pipeline().fireChannelReadComplete();
        }
    }

    /** The bytes after the header. */
    private byte[] rest() {
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                ByteBuf data = (ByteBuf) message;
                byte[] bytes = new byte[data.readableBytes()];
                data.readBytes(bytes).release();
                flow.writeBytes(bytes);
                context.read();
            }
        });
        channel.read();
        return flow.toByteArray();
    }

    private static byte[] slice(byte[] all, int from, int to) {
        return java.util.Arrays.copyOfRange(all, from, to);
    }

    private static byte[] headerAndPayload() {
        byte[] all = java.util.Arrays.copyOf(HEADER.toByteArray(), HEADER.length() + PAYLOAD.length);
        System.arraycopy(PAYLOAD, 0, all, HEADER.length(), PAYLOAD.length);
        return all;
    }

    private static Bytes raw(CompletableFuture<Header> answer) {
        assertThat(answer).isCompleted();
        return answer.join().raw();
    }

    private static FlowRejectedException refusal(CompletableFuture<Header> answer) {
        assertThat(answer).isCompletedExceptionally();
        return (FlowRejectedException)
                catchThrowableOfType(CompletionException.class, answer::join).getCause();
    }

    @Test
    void whereverItIsSplitTheHeaderIsReadAndTheRestIsTheFlows() {
        byte[] all = headerAndPayload();
        for (int split = 1; split < all.length; split++) {
            HeaderReceiverTest one = new HeaderReceiverTest();
            CompletableFuture<Header> answer = one.read(HeaderLimits.NORMAL, LONG);

            one.arrive(slice(all, 0, split), slice(all, split, all.length));

            assertThat(raw(answer)).as("split at %d", split).isEqualTo(HEADER);
            assertThat(one.rest()).as("split at %d", split).isEqualTo(PAYLOAD);
            one.everyBufferIsReleased();
        }
    }

    @Test
    void byteByByteAndThenTheFlow() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        for (byte b : headerAndPayload()) {
            arrive(new byte[] {b});
        }

        assertThat(raw(answer)).isEqualTo(HEADER);
        assertThat(rest()).isEqualTo(PAYLOAD);
    }

    @Test
    void bytesThatArrivedBeforeTheRequestAreRead() {
        arrive(headerAndPayload());

        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        assertThat(raw(answer)).isEqualTo(HEADER);
        assertThat(rest()).isEqualTo(PAYLOAD);
    }

    @Test
    void muchMayFollowItInOneRead() {
        byte[] payload = new byte[64 * 1024];
        byte[] all = java.util.Arrays.copyOf(HEADER.toByteArray(), HEADER.length() + payload.length);

        arrive(all);

        assertThat(raw(read(HeaderLimits.NORMAL, LONG))).isEqualTo(HEADER);
        assertThat(rest()).isEqualTo(payload);
    }

    @Test
    void itIsGoneFromThePipelineWhenItHasAnswered() {
        arrive(HEADER.toByteArray());
        raw(read(HeaderLimits.NORMAL, LONG));

        assertThat(channel.pipeline().get(HeaderReceiver.class)).isNull();
    }

    @Test
    void anOversizedLengthIsRejectedAtOnce() {
        CompletableFuture<Header> answer = read(new HeaderLimits(HEADER.length() - 1), LONG);

        arrive(slice(HEADER.toByteArray(), 0, 16));

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_MALFORMED);
        assertThat(refusal(answer).detail())
                .isEqualTo("byte 14: the header has " + HEADER.length() + " bytes, at most " + (HEADER.length() - 1)
                        + " are accepted");
    }

    @Test
    void bytesThatAreNoHeaderAreRejectedAtTheFirstWrongByte() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        arrive(PAYLOAD);

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_MALFORMED);
        assertThat(refusal(answer).detail()).startsWith("byte 0: not a PROXY v2 signature");
    }

    @Test
    void anEndBeforeItsEndIsIncomplete() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        arrive(slice(HEADER.toByteArray(), 0, 20));
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
        assertThat(refusal(answer).detail()).isEqualTo("closed after 20 bytes of its header");
    }

    @Test
    void anEndRightAfterItIsTheFlowsEnd() {
        arrive(HEADER.toByteArray());
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

        assertThat(raw(read(HeaderLimits.NORMAL, LONG))).isEqualTo(HEADER);
    }

    @Test
    void aResetIsIncompleteAsWell() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        arrive(slice(HEADER.toByteArray(), 0, 7));
        channel.pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
        assertThat(refusal(answer).detail()).isEqualTo("reset after 7 bytes of its header");
    }

    @Test
    void aConnectionThatVanishesIsIncompleteAsWell() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        channel.close();

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    @Test
    void aConnectionThatWasGoneAlreadyIsIncompleteAsWell() {
        channel.close();

        assertThat(refusal(read(HeaderLimits.NORMAL, LONG)).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    @Test
    void theTimeoutStartsWithTheRequest() {
        channel.freezeTime();
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, Duration.ofSeconds(5));
        arrive(slice(HEADER.toByteArray(), 0, 30));

        channel.advanceTimeBy(4_999, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(answer).isNotDone();
        channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_TIMEOUT);
        assertThat(refusal(answer).detail()).isEqualTo("30 bytes in 5000 ms");
    }

    @Test
    void aRequestThatLosesItsSlotEnds() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);
        arrive(slice(HEADER.toByteArray(), 0, 30));

        lost.complete(null);
        channel.runPendingTasks();

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_BUDGET);
        assertThat(refusal(answer).detail()).isEqualTo("too many unfinished headers, and its peer has the most");
    }

    /** Ten thousand unfinished headers must not take forty megabytes. */
    @Test
    void anUnfinishedHeaderTakesNoMoreMemoryThanItsBytesAreWorth() {
        int many = 200;
        List<HeaderReceiverTest> waiting = new ArrayList<>();
        for (int i = 0; i < 2 * many; i++) {
            waiting.add(new HeaderReceiverTest());
        }
        byte[] claimsMuch = java.util.HexFormat.of().parseHex("0d0a0d0a000d0a515549540a" + "21110ff0" + "c000020a");
        // The first half only loads all classes.
        waiting.subList(0, many).forEach(one -> one.begin(claimsMuch));
        long before = allocated();
        waiting.subList(many, 2 * many).forEach(one -> one.begin(claimsMuch));
        long each = (allocated() - before) / many;

        assertThat(each).as("bytes").isPositive().isLessThan(HeaderLimits.NORMAL.maxBytes());
        waiting.forEach(one -> one.channel.close());
    }

    private void begin(byte[] bytes) {
        assertThat(read(HeaderLimits.NORMAL, LONG)).isNotDone();
        arrive(bytes);
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    @Test
    void aHeaderThatCameInTimeStopsTheClock() {
        channel.freezeTime();
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, Duration.ofSeconds(5));
        arrive(HEADER.toByteArray());

        assertThat(channel.runScheduledPendingTasks())
                .as("nothing is scheduled")
                .isEqualTo(-1);
        channel.advanceTimeBy(1, TimeUnit.MINUTES);
        channel.runScheduledPendingTasks();

        assertThat(raw(answer)).isEqualTo(HEADER);
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void onARealSocketNothingOfItLeaks() throws Exception {
        try (Wire wire = new Wire()) {
            Wire.Pair pair = wire.pair();
            CompletableFuture<Header> answer = wire.onLoop(() -> HeaderReceiver.read(
                    pair.channel(),
                    (InboundBuffer) pair.channel().pipeline().first(),
                    new HeaderReader(HeaderLimits.NORMAL),
                    LONG,
                    lost));

            pair.socket().getOutputStream().write(headerAndPayload());

            assertThat(answer.get(20, TimeUnit.SECONDS).raw()).isEqualTo(HEADER);
            wire.assertNothingLeaks();
        }
    }
}
