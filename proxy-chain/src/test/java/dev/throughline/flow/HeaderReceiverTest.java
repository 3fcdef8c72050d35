package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.net.InetAddresses;
import dev.throughline.engine.Connection;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.PeerClosedException;
import dev.throughline.engine.ScriptedConnection;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.relay.Wire;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HeaderReceiverTest {
    private static final Bytes HEADER = HeaderWriter.proxy(
            Tuple.tcp(new InetSocketAddress("192.0.2.10", 40000), new InetSocketAddress("198.51.100.80", 443)),
            List.of(new Tlv(0xE0, Bytes.copyOf(new byte[100]))));
    private static final byte[] PAYLOAD = "GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final Duration LONG = Duration.ofMinutes(1);

    private final HalfOpenHeaders slots = new HalfOpenHeaders(1, 1, 1, System::nanoTime);
    private final HalfOpenHeaders.HeaderLease lease =
            slots.take(peer("192.0.2.10")).orElseThrow();
    private final ScriptedConnection connection = new ScriptedConnection();

    private CompletableFuture<Header> read(HeaderLimits limits, Duration timeout) {
        return read(connection, limits, timeout);
    }

    private CompletableFuture<Header> read(Connection from, HeaderLimits limits, Duration timeout) {
        CompletableFuture<Header> answer = new CompletableFuture<>();
        HeaderReceiver.read(from, new HeaderReader(limits), timeout, lease, new HeaderReceiver.Listener() {
            @Override
            public void received(Header header) {
                answer.complete(header);
            }

            @Override
            public void failed(FlowRejectedException why) {
                answer.completeExceptionally(why);
            }
        });
        return answer;
    }

    private static Peer peer(String address) {
        return new Peer(InetAddresses.forString(address), OptionalInt.empty());
    }

    private void arrive(byte[]... pieces) {
        for (byte[] piece : pieces) {
            connection.arrive(piece);
        }
    }

    /** The bytes after the header. */
    private byte[] rest() throws IOException {
        return connection.unread();
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
    void whereverItIsSplitTheHeaderIsReadAndTheRestIsTheFlows() throws IOException {
        byte[] all = headerAndPayload();
        for (int split = 1; split < all.length; split++) {
            HeaderReceiverTest one = new HeaderReceiverTest();
            CompletableFuture<Header> answer = one.read(HeaderLimits.NORMAL, LONG);

            one.arrive(slice(all, 0, split), slice(all, split, all.length));

            assertThat(raw(answer)).as("split at %d", split).isEqualTo(HEADER);
            assertThat(one.rest()).as("split at %d", split).isEqualTo(PAYLOAD);
        }
    }

    @Test
    void byteByByteAndThenTheFlow() throws IOException {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        for (byte b : headerAndPayload()) {
            arrive(new byte[] {b});
        }

        assertThat(raw(answer)).isEqualTo(HEADER);
        assertThat(rest()).isEqualTo(PAYLOAD);
    }

    @Test
    void bytesThatArrivedBeforeTheRequestAreRead() throws IOException {
        arrive(headerAndPayload());

        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        assertThat(raw(answer)).isEqualTo(HEADER);
        assertThat(rest()).isEqualTo(PAYLOAD);
    }

    @Test
    void muchMayFollowItInOneRead() throws IOException {
        byte[] payload = new byte[64 * 1024];
        byte[] all = java.util.Arrays.copyOf(HEADER.toByteArray(), HEADER.length() + payload.length);

        arrive(all);

        assertThat(raw(read(HeaderLimits.NORMAL, LONG))).isEqualTo(HEADER);
        assertThat(rest()).isEqualTo(payload);
    }

    /** The flow may wait for long, and the kernel limits what it holds for a connection. */
    @Test
    void notMoreThanALargestHeaderIsTakenFromTheKernel() throws IOException {
        arrive(java.util.Arrays.copyOf(HEADER.toByteArray(), 64 * 1024));
        raw(read(HeaderLimits.NORMAL, LONG));

        assertThat(connection.read(LoopBuffer.empty()))
                .as("bytes that were put back")
                .isEqualTo(HeaderLimits.NORMAL.maxBytes() - HEADER.length());
        assertThat(rest()).hasSize(64 * 1024 - HeaderLimits.NORMAL.maxBytes());
    }

    @Test
    void whatArrivesAfterItsAnswerIsNotRead() throws IOException {
        arrive(HEADER.toByteArray());
        raw(read(HeaderLimits.NORMAL, LONG));

        arrive(PAYLOAD);

        assertThat(rest()).isEqualTo(PAYLOAD);
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
        connection.end();

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
        assertThat(refusal(answer).detail()).isEqualTo("closed after 20 bytes of its header");
    }

    @Test
    void anEndRightAfterItIsTheFlowsEnd() {
        arrive(HEADER.toByteArray());
        connection.end();

        assertThat(raw(read(HeaderLimits.NORMAL, LONG))).isEqualTo(HEADER);
    }

    @Test
    void aResetIsIncompleteAsWell() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        arrive(slice(HEADER.toByteArray(), 0, 7));
        connection.lose(new IOException("Connection reset by peer"));

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
        assertThat(refusal(answer).detail()).isEqualTo("reset after 7 bytes of its header");
    }

    @Test
    void aConnectionThatVanishesIsIncompleteAsWell() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);

        connection.lose(new PeerClosedException());

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    @Test
    void aConnectionThatWasGoneAlreadyIsIncompleteAsWell() {
        connection.close();

        assertThat(refusal(read(HeaderLimits.NORMAL, LONG)).reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    @Test
    void theTimeoutStartsWithTheRequest() {
        connection.freezeTime();
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, Duration.ofSeconds(5));
        arrive(slice(HEADER.toByteArray(), 0, 30));

        connection.advance(Duration.ofMillis(4_999));
        assertThat(answer).isNotDone();
        connection.advance(Duration.ofMillis(1));

        assertThat(refusal(answer).reason()).isEqualTo(CloseReason.HEADER_TIMEOUT);
        assertThat(refusal(answer).detail()).isEqualTo("30 bytes in 5000 ms");
    }

    @Test
    void aRequestThatLosesItsSlotEnds() {
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, LONG);
        arrive(slice(HEADER.toByteArray(), 0, 30));

        for (String other : List.of("192.0.2.11", "192.0.2.12")) {
            var _ = slots.take(peer(other));
        }
        connection.runTasks();

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
        waiting.forEach(one -> one.connection.close());
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
        connection.freezeTime();
        CompletableFuture<Header> answer = read(HeaderLimits.NORMAL, Duration.ofSeconds(5));
        arrive(HEADER.toByteArray());

        connection.advance(LONG);

        assertThat(raw(answer)).isEqualTo(HEADER);
        assertThat(connection.isOpen()).isTrue();
    }

    @Test
    void onARealSocketNothingOfItLeaks() throws Exception {
        try (Wire wire = new Wire()) {
            Wire.Pair pair = wire.pair();
            CompletableFuture<Header> answer = wire.onLoop(() -> read(pair.connection(), HeaderLimits.NORMAL, LONG));

            pair.socket().getOutputStream().write(headerAndPayload());

            assertThat(answer.get(20, TimeUnit.SECONDS).raw()).isEqualTo(HEADER);
            wire.assertNothingLeaks();
        }
    }
}
