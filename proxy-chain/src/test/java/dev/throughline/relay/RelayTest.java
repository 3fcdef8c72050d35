package dev.throughline.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two real connections each: the application and the destination are blocking sockets of this test. */
@Timeout(60)
class RelayTest {
    private static final Duration LONG = Duration.ofHours(1);
    private static final int MIB = 1 << 20;
    /** The maximum size of an outbound buffer: its high-water mark and one more read. */
    private static final long MOST_PENDING = 64 * 1024 + 64 * 1024 + 1024;

    private static final int HELD_BACK = MIB;
    /** net/tcp_states.h */
    private static final int CLOSE_WAIT = 8;

    private final BufferMemory memory = new BufferMemory(MIB);
    private Wire wire;
    private Socket app;
    private Socket destination;
    private SocketChannel inbound;
    private SocketChannel outbound;
    private final AtomicInteger ends = new AtomicInteger();
    private int taken;

    @BeforeEach
    void connect() throws Exception {
        wire = new Wire();
        Wire.Pair first = wire.pair();
        Wire.Pair second = wire.pair();
        app = first.socket();
        inbound = first.channel();
        destination = second.socket();
        outbound = second.channel();
    }

    @AfterEach
    void nothingLeaks() throws Exception {
        Wire.await("for all memory to be given back", () -> memory.used() - taken == 0);
        wire.assertNothingLeaks();
        wire.close();
    }

    private record Running(Relay relay, CompletableFuture<RelayResult> end) {
        RelayResult get() throws Exception {
            return end.get(20, TimeUnit.SECONDS);
        }
    }

    private Running start(Duration idle) throws Exception {
        return start(idle, LONG);
    }

    private Running start(Duration idle, Duration halfClosed) throws Exception {
        return start(idle, halfClosed, Duration.ZERO);
    }

    private Running start(Duration idle, Duration halfClosed, Duration user) throws Exception {
        return wire.onLoop(() -> {
            Relay relay = new Relay(inbound, outbound, new RelayTimeouts(idle, halfClosed, user, user), memory);
            return new Running(relay, relay.start().whenComplete((end, problem) -> ends.incrementAndGet()));
        });
    }

    @Test
    void bytesArriveInOrderBothWays() throws Exception {
        byte[] there = random(8 * MIB, 1);
        byte[] back = random(8 * MIB, 2);
        Running relay = start(LONG);

        CompletableFuture<Void> writers = CompletableFuture.allOf(sending(app, there), sending(destination, back));
        CompletableFuture<byte[]> received = CompletableFuture.supplyAsync(() -> all(destination));

        assertThat(all(app)).isEqualTo(back);
        assertThat(received.get()).isEqualTo(there);
        writers.get();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
        assertThat(relay.relay().bytesToOutbound()).isEqualTo(there.length);
        assertThat(relay.relay().bytesToInbound()).isEqualTo(back.length);
    }

    /** The kernel reports the end, and Netty reads all bytes, before any byte is requested. */
    @Test
    void bytesThatArriveBeforeTheRelayStartsAreNotLost() throws Exception {
        byte[] data = random(48 * 1024, 3);
        app.getOutputStream().write(data);
        app.shutdownOutput();
        Wire.await("for the end of the input", inbound::isInputShutdown);
        Running relay = start(LONG);

        assertThat(all(destination)).isEqualTo(data);

        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    @Test
    void aMegabyteAndTheEndBeforeTheRelayBeganAreNotLost() throws Exception {
        byte[] data = random(MIB, 4);
        AtomicLong sent = new AtomicLong();
        CompletableFuture<Void> writer = CompletableFuture.runAsync(
                () -> {
                    write(data, sent);
                    endOutput();
                },
                Thread::startVirtualThread);
        awaitNoProgress(sent);
        Running relay = start(LONG);

        assertThat(all(destination)).isEqualTo(data);

        writer.get();
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theEndOfOneDirectionLeavesTheOtherOpen(boolean appFirst) throws Exception {
        Socket first = appFirst ? app : destination;
        Socket second = appFirst ? destination : app;
        Running relay = start(LONG);

        first.getOutputStream().write('a');
        first.shutdownOutput();
        assertThat(all(second)).containsExactly('a');
        assertThat(relay.end()).isNotDone();
        second.getOutputStream().write('b');
        second.shutdownOutput();

        assertThat(all(first)).containsExactly('b');
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    /** The end arrives while bytes are queued for a destination that doesn't read yet. */
    @Test
    void theEndWaitsForTheBytesBeforeIt() throws Exception {
        Running relay = start(LONG);
        byte[] piece = random(4 * 1024, 5);
        int sent = 0;
        while (pending() == 0) {
            app.getOutputStream().write(piece);
            sent += piece.length;
            int arrived = sent;
            Wire.await("for the piece", () -> relay.relay().bytesToOutbound() == arrived);
        }
        app.shutdownOutput();
        Wire.await("for the end", inbound::isInputShutdown);
        assertThat(pending()).isPositive();

        assertThat(all(destination)).hasSize(sent);
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    private long pending() throws Exception {
        return wire.onLoop(() -> outbound.unsafe().outboundBuffer().totalPendingWriteBytes());
    }

    @Test
    void aSlowReaderHoldsBackAFastWriter() throws Exception {
        Running relay = start(LONG);
        AtomicLong sent = new AtomicLong();
        byte[] data = new byte[64 * MIB];
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            write(data, sent);
            endOutput();
        });
        awaitNoProgress(sent);

        assertThat(writer).isNotDone();
        assertThat(pending()).isPositive().isLessThanOrEqualTo(MOST_PENDING);
        assertThat((long) relay.relay().heldBytes())
                .isEqualTo(memory.used())
                .isGreaterThanOrEqualTo(64 * 1024)
                .isLessThanOrEqualTo(MOST_PENDING);
        assertThat(all(destination)).hasSameSizeAs(data);
        writer.get();
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    @Test
    void aResetOfTheApplicationIsAResetOfTheDestination() throws Exception {
        Running relay = start(LONG);

        reset(app);

        assertReset(destination);
        assertThat(relay.get()).isEqualTo(RelayResult.INBOUND_RESET);
    }

    @Test
    void aResetOfTheDestinationIsAResetOfTheApplication() throws Exception {
        Running relay = start(LONG);

        reset(destination);

        assertReset(app);
        assertThat(relay.get()).isEqualTo(RelayResult.OUTBOUND_RESET);
    }

    @Test
    void aResetAfterHalfAConversationIsStillAReset() throws Exception {
        Running relay = start(LONG);
        app.getOutputStream().write('a');
        app.shutdownOutput();
        assertThat(all(destination)).containsExactly('a');

        reset(destination);

        assertReset(app);
        assertThat(relay.get()).isEqualTo(RelayResult.OUTBOUND_RESET);
    }

    /** Its end was already read, so no read fails: only the kernel's hang-up shows the reset. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aResetAfterTheEndIsNoticedAtOnce(boolean byApp) throws Exception {
        Socket first = byApp ? app : destination;
        Socket second = byApp ? destination : app;
        Running relay = start(LONG);
        first.shutdownOutput();
        assertThat(second.getInputStream().read()).isEqualTo(-1);

        reset(first);

        assertThat(relay.get()).isEqualTo(byApp ? RelayResult.INBOUND_RESET : RelayResult.OUTBOUND_RESET);
        // It has read the end, and reads it again: only a write shows the reset.
        assertThatThrownBy(() -> {
                    while (true) {
                        second.getOutputStream().write('b');
                    }
                })
                .isInstanceOf(IOException.class);
    }

    /** The hop has sent the destination's answer and end, but the application had closed, and its kernel refused them. */
    @Test
    void aFlowWithUnacknowledgedBytesIsNotCompleted() throws Exception {
        Running relay = start(LONG);
        app.close();
        assertThat(destination.getInputStream().read()).isEqualTo(-1);

        destination.getOutputStream().write('a');
        destination.close();

        assertThat(relay.get()).isEqualTo(RelayResult.INBOUND_RESET);
    }

    /** The hop's kernel holds the last bytes: if the hop closed now, it couldn't learn whether they arrive. */
    @Test
    void itHasNotCompletedWhileBytesWaitInTheKernel() throws Exception {
        Running relay = start(LONG);
        fillKernels(relay);
        app.shutdownOutput();
        destination.shutdownOutput();
        assertThat(all(app)).isEmpty();
        Wire.await("for the end to be passed on", outbound::isOutputShutdown);
        assertThat(relay.end()).isNotDone();

        assertThat(all(destination)).hasSize(HELD_BACK);
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    /** More than the kernel of a destination that doesn't read accepts, and less than the hop's own kernel can hold. */
    private void fillKernels(Running relay) throws Exception {
        outbound.config().setOption(ChannelOption.SO_SNDBUF, 2 * MIB);
        app.getOutputStream().write(random(HELD_BACK, 6));
        Wire.await("for all bytes", () -> relay.relay().bytesToOutbound() == HELD_BACK);
        Wire.await(
                "for a closed window",
                () -> TcpState.of(outbound).map(TcpState::isWindowClosed).orElse(true));
    }

    @Test
    void bytesThatAreNotTakenAfterBothEndsAreAReset() throws Exception {
        Running relay = start(LONG);
        fillKernels(relay);
        app.shutdownOutput();
        destination.shutdownOutput();
        assertThat(all(app)).isEmpty();

        destination.close();

        assertThat(relay.get()).isEqualTo(RelayResult.OUTBOUND_RESET);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void halfClosedAndSilentItEndsAfterATimeOfItsOwn(boolean byApp) throws Exception {
        Running relay = start(LONG, Duration.ofMillis(200));

        (byApp ? app : destination).shutdownOutput();

        assertThat(relay.get()).isEqualTo(RelayResult.HALF_CLOSED);
        assertReset(byApp ? app : destination);
    }

    /** A download after shutdown(SHUT_WR). */
    @Test
    void halfClosedItLivesAsLongAsBytesMove() throws Exception {
        Duration silence = Duration.ofMillis(600);
        Running relay = start(LONG, silence);
        app.shutdownOutput();
        long began = System.nanoTime();
        while (System.nanoTime() - began < 2 * silence.toNanos()) {
            destination.getOutputStream().write('.');
            assertThat(app.getInputStream().read()).isEqualTo('.');
        }

        destination.close();

        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    /** The data of a connection that was reset is incomplete, although an end of the input follows. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aResetBeforeTheRelayBeganIsAReset(boolean byApp) throws Exception {
        Socket lost = byApp ? app : destination;
        lost.getOutputStream().write("part".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        reset(lost);
        Wire.await("for the reset", () -> failed(byApp ? inbound : outbound));

        assertThat(start(LONG).get()).isEqualTo(byApp ? RelayResult.INBOUND_RESET : RelayResult.OUTBOUND_RESET);
        assertReset(byApp ? destination : app);
    }

    private boolean failed(SocketChannel channel) {
        try {
            return wire.onLoop(
                    () -> channel.pipeline().get(InboundBuffer.class).failure().isPresent());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Linux would end it at the user timeout: a closed window counts as silence, though every probe is answered. */
    @Test
    void aReaderThatPausesForLongerThanTheUserTimeoutIsNotCut() throws Exception {
        Duration second = Duration.ofSeconds(1);
        outbound.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, 1000);
        Running relay = start(LONG, LONG, second);
        CompletableFuture<Void> writer = sending(app, new byte[16 * MIB]);

        Wire.await(
                "for a pause of three user timeouts",
                () -> TcpState.of(outbound)
                        .map(info -> TcpState.isWindowClosed(info) && info.lastDataSent() > 3 * second.toMillis())
                        .orElse(true));

        assertThat(relay.end()).isNotDone();
        assertThat(all(destination)).hasSize(16 * MIB);
        writer.get();
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    @Test
    void silenceEndsItThoughBytesAreQueued() throws Exception {
        CompletableFuture<Void> writer = sending(app, new byte[64 * MIB]);

        assertThat(start(Duration.ofMillis(500)).get()).isEqualTo(RelayResult.IDLE);
        assertThatThrownBy(writer::get).hasMessageContaining("reset");
    }

    @Test
    void silenceEndsItAndBothSidesFeelIt() throws Exception {
        Running relay = start(Duration.ofMillis(200));

        assertThat(relay.get()).isEqualTo(RelayResult.IDLE);
        assertReset(app);
        assertReset(destination);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aByteEitherWayKeepsItAlive(boolean fromApp) throws Exception {
        Duration silence = Duration.ofMillis(600);
        Running relay = start(silence);
        Socket talking = fromApp ? app : destination;
        Socket listening = fromApp ? destination : app;
        long began = System.nanoTime();
        while (System.nanoTime() - began < 2 * silence.toNanos()) {
            talking.getOutputStream().write('.');
            assertThat(listening.getInputStream().read()).isEqualTo('.');
        }

        assertThat(relay.end()).isNotDone();
        assertThat(relay.get()).isEqualTo(RelayResult.IDLE);
    }

    /** As Netty does when the direct memory is used up. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void noMemoryToReadIntoIsNotTheFaultOfASide(boolean inboundReads) throws Exception {
        Running relay = start(LONG);

        wire.onLoop(() ->
                (inboundReads ? inbound : outbound).pipeline().fireExceptionCaught(new OutOfMemoryError("for a test")));

        assertThat(relay.get()).isEqualTo(RelayResult.NO_MEMORY);
        assertReset(app);
        assertReset(destination);
    }

    @Test
    void anAbortResetsBothSides() throws Exception {
        Running relay = start(LONG);

        wire.onLoop(() -> {
            relay.relay().abort();
            relay.relay().abort();
            return null;
        });

        assertThat(relay.get()).isEqualTo(RelayResult.ABORTED);
        assertReset(app);
        assertReset(destination);
        assertThat(ends).hasValue(1);
    }

    /** Netty by itself would read as much as the largest receive buffer holds, six megabytes, and keep it. */
    @Tag("attack")
    @Test
    void aSenderThatHasClosedIsReadNoFasterThanTheOtherSideTakes() throws Exception {
        app.setSendBufferSize(16 * 1024);
        outbound.config().setSendBufferSize(64 * 1024);
        destination.setReceiveBufferSize(64 * 1024);
        Running relay = start(LONG);
        AtomicLong sent = new AtomicLong();
        // The end of the output fails the write while bytes still wait for the send buffer.
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(new byte[64 * MIB], sent))
                .exceptionally(ended -> null);
        awaitNoProgress(sent);
        long before = sent.get();
        app.shutdownOutput();
        long received = 0;
        while (!endReachesTheKernelWithin(Duration.ofMillis(100))) {
            received += destination.getInputStream().readNBytes(32 * 1024).length;
        }
        wire.onLoop(() -> null);
        wire.onLoop(() -> null);

        assertThat(inbound.isInputShutdown()).isFalse();
        assertThat(relay.relay().heldBytes()).isLessThanOrEqualTo((int) MOST_PENDING);

        assertThat(received + all(destination).length).isGreaterThanOrEqualTo(before);
        writer.get();
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    private boolean endReachesTheKernelWithin(Duration time) throws Exception {
        long end = System.nanoTime() + time.toNanos();
        while (wire.onLoop(() -> TcpState.of(inbound).orElseThrow().state()) != CLOSE_WAIT) {
            if (System.nanoTime() > end) {
                return false;
            }
        }
        return true;
    }

    /** Writes data to the application's end, and counts the bytes that the kernel took. */
    private void write(byte[] data, AtomicLong sent) {
        try {
            for (int from = 0; from < data.length; from += 8 * 1024) {
                int length = Math.min(8 * 1024, data.length - from);
                app.getOutputStream().write(data, from, length);
                sent.addAndGet(length);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void endOutput() {
        try {
            app.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until a writer makes no progress, because all buffers on the way are full or because it is done. */
    private static void awaitNoProgress(AtomicLong sent) {
        AtomicLong before = new AtomicLong();
        await().pollInterval(Duration.ofMillis(10))
                .during(Duration.ofMillis(300))
                .until(() -> sent.get() > 0 && before.getAndSet(sent.get()) == sent.get());
    }

    @Test
    void whileMemoryIsScarceADirectionHoldsOneReadAndAllBytesArrive() throws Exception {
        taken = MIB * 7 / 8;
        memory.take(taken);
        byte[] data = random(8 * MIB, 5);
        Running relay = start(LONG);
        CompletableFuture<Void> writer = sending(app, data);
        Wire.await("for bytes to be held", () -> relay.relay().heldBytes() > 0);
        assertThat(relay.relay().heldBytes()).isLessThanOrEqualTo(64 * 1024 + 1024);

        assertThat(all(destination)).isEqualTo(data);

        writer.get();
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    @Test
    void roomIsMadeOnlyAboveTheLimit() {
        AtomicInteger asked = new AtomicInteger();
        memory.onFull(asked::incrementAndGet);
        memory.take(MIB);
        assertThat(asked).hasValue(0);
        memory.take(1);
        assertThat(asked).hasValue(1);
        memory.giveBack(MIB + 1);
    }

    @Test
    void givingUpReleasesWhatIsQueued() throws Exception {
        Running relay = start(LONG);
        CompletableFuture<Void> writer = sending(app, new byte[64 * MIB]);
        Wire.await("for bytes to queue", () -> !outbound.isWritable());

        wire.onLoop(() -> {
            relay.relay().abort();
            return null;
        });

        assertThat(relay.get()).isEqualTo(RelayResult.ABORTED);
        assertThatThrownBy(writer::get).hasMessageContaining("reset");
    }

    @Test
    void bothSidesClosingAtOnceIsOneEnd() throws Exception {
        for (int i = 0; i < 100; i++) {
            Running relay = start(LONG);
            Thread other = Thread.ofPlatform().start(() -> close(destination));
            close(app);
            other.join();

            assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
            assertThat(ends).hasValue(i + 1);
            Wire.await("for both to be closed", () -> !inbound.isOpen() && !outbound.isOpen());
            reconnect();
        }
    }

    @Test
    void bothSidesResettingAtOnceIsOneEnd() throws Exception {
        for (int i = 0; i < 100; i++) {
            Running relay = start(LONG);
            Thread other = Thread.ofPlatform().start(() -> reset(destination));
            reset(app);
            other.join();

            assertThat(relay.get()).isIn(RelayResult.INBOUND_RESET, RelayResult.OUTBOUND_RESET);
            assertThat(ends).hasValue(i + 1);
            Wire.await("for both to be closed", () -> !inbound.isOpen() && !outbound.isOpen());
            reconnect();
        }
    }

    @Test
    void aSideThatWasGoneBeforeItBeganIsAResetOfTheOther() throws Exception {
        inbound.close().sync();

        assertThat(start(LONG).get()).isEqualTo(RelayResult.INBOUND_RESET);
        assertReset(destination);
    }

    @Test
    void theOtherSideThatWasGoneBeforeItBeganIsAResetAsWell() throws Exception {
        outbound.close().sync();

        assertThat(start(LONG).get()).isEqualTo(RelayResult.OUTBOUND_RESET);
        assertReset(app);
    }

    @Test
    void aSideThatIsClosedHereIsAResetOfTheOther() throws Exception {
        Running relay = start(LONG);

        inbound.close().sync();

        assertThat(relay.get()).isEqualTo(RelayResult.INBOUND_RESET);
        assertReset(destination);
    }

    private void reconnect() throws Exception {
        Wire.Pair first = wire.pair();
        Wire.Pair second = wire.pair();
        app = first.socket();
        inbound = first.channel();
        destination = second.socket();
        outbound = second.channel();
    }

    private static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static CompletableFuture<Void> sending(Socket socket, byte[] data) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        socket.getOutputStream().write(data);
                        socket.shutdownOutput();
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                },
                Thread::startVirtualThread);
    }

    private static byte[] all(Socket socket) {
        try {
            return socket.getInputStream().readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void assertReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().readAllBytes())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("reset");
    }
}
