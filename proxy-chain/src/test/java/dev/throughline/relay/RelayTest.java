package dev.throughline.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.throughline.engine.Connection;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.TcpState;
import dev.throughline.engine.TcpTimeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
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
    /** asm-generic/socket.h and linux/tcp.h */
    private static final int SOL_SOCKET = 1;

    private static final int SO_KEEPALIVE = 9;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_KEEPIDLE = 4;
    private static final int TCP_KEEPINTVL = 5;
    private static final int TCP_KEEPCNT = 6;
    private static final int TCP_USER_TIMEOUT = 18;
    private static final int MIB = 1 << 20;
    /** The maximum that a direction holds: one read in a buffer of its own, or a full pipe. */
    private static final int MOST_HELD = (256 << 10) + 1024;

    private static final int HELD_BACK = MIB;
    private static final byte[] NOTHING = {};
    private static final int TCP_INFO = 11;
    /** Offset of tcpi_data_segs_out in struct tcp_info (linux/tcp.h). */
    private static final int DATA_SEGMENTS_OUT = 156;
    /** net/tcp_states.h */
    private static final int CLOSE_WAIT = 8;

    private final BufferMemory memory = new BufferMemory(MIB);
    private Wire wire;
    private Socket app;
    private Socket destination;
    private Connection inbound;
    private Connection outbound;
    private final AtomicInteger ends = new AtomicInteger();
    private int taken;

    @BeforeEach
    void connect() throws Exception {
        wire = new Wire();
        reconnect();
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
        TcpTimeouts timeouts = new TcpTimeouts(Duration.ZERO, Duration.ofSeconds(15), 6, user);
        return start(new RelayTimeouts(idle, halfClosed, timeouts, timeouts), NOTHING, NOTHING);
    }

    private Running start(RelayTimeouts timeouts, byte[] outboundPrefix, byte[] inboundPrefix) throws Exception {
        return wire.onLoop(() -> {
            CompletableFuture<RelayResult> end = new CompletableFuture<>();
            Relay relay = new Relay(inbound, outbound, timeouts, memory, result -> {
                ends.incrementAndGet();
                end.complete(result);
            });
            relay.start(outboundPrefix, inboundPrefix);
            return new Running(relay, end);
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

    /** epoll reports the bytes and the end once, before the relay asks for them. */
    @Test
    void bytesThatArriveBeforeTheRelayStartsAreNotLost() throws Exception {
        byte[] data = random(48 * 1024, 3);
        app.getOutputStream().write(data);
        app.shutdownOutput();
        wire.awaitOnLoop("for the end of the input", this::hasEndArrived);
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
        while (held(relay) == 0) {
            app.getOutputStream().write(piece);
            sent += piece.length;
            int arrived = sent;
            Wire.await("for the piece", () -> relay.relay().bytesToOutbound() == arrived || held(relay) > 0);
        }
        app.shutdownOutput();
        wire.awaitOnLoop("for the end", this::hasEndArrived);
        assertThat(held(relay)).isPositive();

        assertThat(all(destination)).hasSize(sent);
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    private static int held(Running relay) {
        return relay.relay().heldBytes();
    }

    /** Returns whether the application's end has reached the kernel. */
    private boolean hasEndArrived() throws IOException {
        return tcpInfo(inbound).get(0) == CLOSE_WAIT;
    }

    private static ByteBuffer tcpInfo(Connection connection) throws IOException {
        ByteBuffer info =
                ByteBuffer.wrap(new byte[DATA_SEGMENTS_OUT + Integer.BYTES]).order(ByteOrder.nativeOrder());
        connection.option(IPPROTO_TCP, TCP_INFO, info);
        return info;
    }

    /** The header and the application's first bytes are one segment. */
    @Test
    void thePrefixComesFirstInOneWriteWithTheBytesThatAreThere() throws Exception {
        app.getOutputStream().write("request".getBytes(StandardCharsets.US_ASCII));
        app.shutdownOutput();
        wire.awaitOnLoop("for the end of the input", this::hasEndArrived);

        Running relay = start(
                new RelayTimeouts(LONG, LONG, TcpTimeouts.NONE, TcpTimeouts.NONE),
                "header ".getBytes(StandardCharsets.US_ASCII),
                "answer ".getBytes(StandardCharsets.US_ASCII));

        assertThat(all(destination)).asString(StandardCharsets.US_ASCII).isEqualTo("header request");
        assertThat(wire.onLoop(() -> tcpInfo(outbound).getInt(DATA_SEGMENTS_OUT)))
                .isEqualTo(1);
        destination.getOutputStream().write("reply".getBytes(StandardCharsets.US_ASCII));
        destination.close();
        assertThat(all(app)).asString(StandardCharsets.US_ASCII).isEqualTo("answer reply");
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
        assertThat(relay.relay().bytesToOutbound()).as("without the prefix").isEqualTo("request".length());
        assertThat(relay.relay().bytesToInbound()).as("without the prefix").isEqualTo("reply".length());
    }

    /** The destination's kernel takes nothing, while the application has ended already. */
    @Test
    void aPrefixThatIsNotTakenWaitsWithTheBytesAndTheEnd() throws Exception {
        int before = wire.onLoop(() -> fill(outbound));
        byte[] data = random(4 * 1024, 7);
        app.getOutputStream().write(data);
        app.shutdownOutput();
        wire.awaitOnLoop("for the end of the input", this::hasEndArrived);
        Running relay = start(
                new RelayTimeouts(LONG, LONG, TcpTimeouts.NONE, TcpTimeouts.NONE),
                "header".getBytes(StandardCharsets.US_ASCII),
                NOTHING);
        assertThat(held(relay)).isGreaterThan(data.length);

        byte[] received = all(destination);

        assertThat(received).hasSize(before + "header".length() + data.length).endsWith(data);
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    /** Writes until the kernel takes no more. Returns the number of bytes. */
    private static int fill(Connection connection) throws IOException {
        int taken = 0;
        for (int last = -1; last != taken; ) {
            last = taken;
            ByteBuffer zeros = LoopBuffer.empty();
            connection.write(zeros);
            taken += zeros.position();
        }
        return taken;
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
        assertThat((long) held(relay)).isEqualTo(memory.used()).isPositive().isLessThanOrEqualTo(MOST_HELD);
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
        connectDestinationWithLargeBuffer();
        Running relay = start(LONG);
        fillKernels(relay);
        app.shutdownOutput();
        destination.shutdownOutput();
        assertThat(all(app)).isEmpty();
        wire.awaitOnLoop("for the end to be passed on", outbound::isOutputShutdown);
        assertThat(relay.end()).isNotDone();

        assertThat(all(destination)).hasSize(HELD_BACK);
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    /** More than the kernel of a destination that doesn't read accepts, and less than the hop's own kernel can hold. */
    private void fillKernels(Running relay) throws Exception {
        app.getOutputStream().write(random(HELD_BACK, 6));
        Wire.await("for all bytes", () -> relay.relay().bytesToOutbound() == HELD_BACK);
        wire.awaitOnLoop(
                "for a closed window",
                () -> outbound.tcpState().map(TcpState::isWindowClosed).orElse(true));
    }

    /** Connects a destination to which this host's kernel can hold {@link #HELD_BACK}. */
    private void connectDestinationWithLargeBuffer() throws Exception {
        wire.sendBuffer(2 * MIB);
        connectDestination();
    }

    @Test
    void bytesThatAreNotTakenAfterBothEndsAreAReset() throws Exception {
        connectDestinationWithLargeBuffer();
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
        lost.getOutputStream().write("part".getBytes(StandardCharsets.US_ASCII));
        reset(lost);
        Connection here = byApp ? inbound : outbound;
        wire.awaitOnLoop("for the reset", () -> here.failure().isPresent());

        assertThat(start(LONG).get()).isEqualTo(byApp ? RelayResult.INBOUND_RESET : RelayResult.OUTBOUND_RESET);
        assertReset(byApp ? destination : app);
    }

    /** Linux would end it at the user timeout: a closed window counts as silence, though every probe is answered. */
    @Test
    void aReaderThatPausesForLongerThanTheUserTimeoutIsNotCut() throws Exception {
        Duration second = Duration.ofSeconds(1);
        wire.onLoop(() -> {
            outbound.userTimeout(second);
            return null;
        });
        Running relay = start(LONG, LONG, second);
        CompletableFuture<Void> writer = sending(app, new byte[16 * MIB]);

        wire.awaitOnLoop(
                "for a pause of three user timeouts",
                () -> outbound.tcpState()
                        .map(state ->
                                state.isWindowClosed() && state.sinceDataSent().compareTo(second.multipliedBy(3)) > 0)
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

    /** Most flows end before these options matter. */
    @Test
    void aFlowThatLastsGetsItsTimeouts() throws Exception {
        Running relay = start(new RelayTimeouts(LONG, LONG, TcpTimeouts.NONE, TcpTimeouts.DEFAULTS), NOTHING, NOTHING);

        wire.awaitOnLoop("for keepalive", () -> outbound.option(SOL_SOCKET, SO_KEEPALIVE) == 1);

        wire.onLoop(() -> {
            assertThat(outbound.option(IPPROTO_TCP, TCP_KEEPIDLE)).isEqualTo(30);
            assertThat(outbound.option(IPPROTO_TCP, TCP_KEEPINTVL)).isEqualTo(15);
            assertThat(outbound.option(IPPROTO_TCP, TCP_KEEPCNT)).isEqualTo(6);
            assertThat(outbound.option(IPPROTO_TCP, TCP_USER_TIMEOUT)).isEqualTo(120_000);
            relay.relay().abort();
            return null;
        });
        assertThat(relay.get()).isEqualTo(RelayResult.ABORTED);
    }

    /** In a process whose direct memory is used up. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void noMemoryToReadIntoIsNotTheFaultOfASide(boolean inboundReads) throws Exception {
        assertThat(RelayWithoutMemory.inOtherProcess(inboundReads))
                .isEqualTo(RelayResult.NO_MEMORY + ", sender: reset, receiver: Connection reset");
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

    /** The largest receive buffer holds six megabytes. */
    @Tag("attack")
    @Test
    void aSenderThatHasClosedIsReadNoFasterThanTheOtherSideTakes() throws Exception {
        app.setSendBufferSize(16 * 1024);
        wire.sendBuffer(64 * 1024);
        connectDestination();
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

        assertThat(wire.onLoop(inbound::isInputEnded)).isFalse();
        assertThat(held(relay)).isLessThanOrEqualTo(MOST_HELD);

        assertThat(received + all(destination).length).isGreaterThanOrEqualTo(before);
        writer.get();
        destination.close();
        assertThat(relay.get()).isEqualTo(RelayResult.COMPLETED);
    }

    private boolean endReachesTheKernelWithin(Duration time) throws Exception {
        long end = System.nanoTime() + time.toNanos();
        while (!wire.onLoop(this::hasEndArrived)) {
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
    void aboveTheMemoryLimitADirectionHoldsOneReadAndAllBytesArrive() throws Exception {
        taken = 2 * MIB;
        memory.take(taken);
        byte[] data = random(8 * MIB, 5);
        Running relay = start(LONG);
        CompletableFuture<Void> writer = sending(app, data);
        Wire.await("for bytes to be held", () -> held(relay) > 0);
        assertThat(held(relay)).isLessThanOrEqualTo(MOST_HELD);

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
        Wire.await("for bytes to be held", () -> held(relay) > 0);

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
            wire.awaitOnLoop("for both to be closed", () -> !inbound.isOpen() && !outbound.isOpen());
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
            wire.awaitOnLoop("for both to be closed", () -> !inbound.isOpen() && !outbound.isOpen());
            reconnect();
        }
    }

    @Test
    void aSideThatWasGoneBeforeItBeganIsAResetOfTheOther() throws Exception {
        wire.close(inbound);

        assertThat(start(LONG).get()).isEqualTo(RelayResult.INBOUND_RESET);
        assertReset(destination);
    }

    @Test
    void theOtherSideThatWasGoneBeforeItBeganIsAResetAsWell() throws Exception {
        wire.close(outbound);

        assertThat(start(LONG).get()).isEqualTo(RelayResult.OUTBOUND_RESET);
        assertReset(app);
    }

    @Test
    void aByteForASideThatIsClosedHereIsAResetOfTheOther() throws Exception {
        Running relay = start(LONG);
        wire.close(inbound);

        destination.getOutputStream().write('a');

        assertThat(relay.get()).isEqualTo(RelayResult.INBOUND_RESET);
        assertReset(destination);
    }

    private void reconnect() throws Exception {
        Wire.Pair first = wire.pair();
        app = first.socket();
        inbound = first.connection();
        connectDestination();
    }

    private void connectDestination() throws Exception {
        Wire.Pair second = wire.pair();
        destination = second.socket();
        outbound = second.connection();
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
