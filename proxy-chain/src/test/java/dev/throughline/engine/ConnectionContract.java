package dev.throughline.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.relay.Wire;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The behaviour of connections that every engine has. A subclass runs it for one engine. */
@Timeout(60)
public abstract class ConnectionContract {
    /** What an engine may be unable to see. */
    protected enum Unseen {
        /** No read fails by it, because the end was read before. */
        A_RESET_AFTER_THE_END,
        /** It looks like an end. */
        THE_CLOSE_OF_A_UNIX_SOCKET,
        THE_PROCESS_AT_A_UNIX_SOCKET
    }

    private final Engine engine;
    private final Set<Unseen> unseen;

    @TempDir
    private Path folder;

    private Wire wire;
    private EventLoop loop;
    private Socket peer;
    private Connection connection;

    protected ConnectionContract(Engine engine, Unseen... unseen) {
        this.engine = engine;
        this.unseen = Set.of(unseen);
    }

    private void assumeSees(Unseen what) {
        assumeTrue(!unseen.contains(what), () -> engine.name() + " doesn't see " + what);
    }

    @BeforeEach
    void connect() throws Exception {
        wire = new Wire(engine);
        loop = wire.loops().next();
        Wire.Pair pair = wire.pair();
        peer = pair.socket();
        connection = pair.connection();
    }

    @AfterEach
    void close() throws Exception {
        wire.close(connection);
        wire.close();
    }

    /** A receiver that records events, and reads if it is told to. */
    private static final class Recorder implements ConnectionEvents {
        private final Connection of;
        private final boolean reads;
        private final List<String> events = new CopyOnWriteArrayList<>();
        private volatile String text = "";

        Recorder(Connection of, boolean reads) {
            this.of = of;
            this.reads = reads;
        }

        @Override
        public void readable() {
            if (reads) {
                readAll();
            } else {
                events.add("readable");
            }
        }

        private void readAll() {
            try {
                for (ByteBuffer data = LoopBuffer.empty(); ; data.clear()) {
                    int length = of.read(data);
                    if (length < 0) {
                        events.add("end");
                    }
                    if (length <= 0) {
                        return;
                    }
                    text = text.concat(US_ASCII.decode(data.flip()).toString());
                }
            } catch (IOException e) {
                events.add("failed");
            }
        }

        @Override
        public void writable() {
            events.add("writable");
        }

        @Override
        public void lost(IOException how) {
            events.add("lost");
        }

        @Override
        public void finished() {
            events.add("finished");
        }
    }

    private interface Action {
        void run() throws Exception;
    }

    private void onLoop(Action action) throws Exception {
        wire.onLoop(() -> {
            action.run();
            return null;
        });
    }

    /** Sets a receiver that only records. */
    private Recorder record() throws Exception {
        return set(new Recorder(connection, false));
    }

    /** Sets a receiver that reads, as a new receiver should, what is there. */
    private Recorder reading() throws Exception {
        return set(new Recorder(connection, true));
    }

    private Recorder set(Recorder receiver) throws Exception {
        onLoop(() -> {
            receiver.of.events(receiver);
            if (receiver.reads) {
                receiver.readAll();
            }
        });
        return receiver;
    }

    private void send(String text) throws IOException {
        peer.getOutputStream().write(text.getBytes(US_ASCII));
    }

    private void reset() throws IOException {
        peer.setSoLinger(true, 0);
        peer.close();
    }

    /** Opens a Unix connection of the engine. Returns its other end. */
    private SocketChannel connectUnix() throws Exception {
        Path path = folder.resolve("peer.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
            wire.close(connection);
            connection = wire.onLoop(() -> engine.connect(loop, path));
            return listener.accept();
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(US_ASCII));
    }

    /** Writes until the kernel takes no more. Returns the number of bytes. */
    private int fill() throws Exception {
        return wire.onLoop(() -> {
            int taken = 0;
            for (int last = -1; last != taken; ) {
                last = taken;
                ByteBuffer zeros = LoopBuffer.empty();
                connection.write(zeros);
                taken += zeros.position();
            }
            return taken;
        });
    }

    @Test
    void aConnectionHasItsAddressesAndIsOpen() throws Exception {
        assertThat(connection.loop()).isSameAs(loop);
        assertThat(connection.isTcp()).isTrue();
        assertThat(connection.localAddress()).contains(wire.address());
        assertThat(connection.remoteAddress()).contains((java.net.InetSocketAddress) peer.getLocalSocketAddress());
        onLoop(() -> {
            assertThat(connection.isOpen()).isTrue();
            assertThat(connection.hasEnded()).isFalse();
            assertThat(connection.isInputEnded()).isFalse();
            assertThat(connection.isOutputShutdown()).isFalse();
            assertThat(connection.failure()).isEmpty();
        });
    }

    @Test
    void bytesBeforeTheFirstReceiverAreReadByIt() throws Exception {
        send("early");
        peer.shutdownOutput();
        Wire.await("for bytes to arrive", () -> peer.isOutputShutdown());

        Recorder receiver = reading();

        Wire.await("for the end", () -> receiver.events.contains("end"));
        assertThat(receiver.text).isEqualTo("early");
    }

    @Test
    void bytesThatArriveLaterAreReported() throws Exception {
        Recorder receiver = reading();
        for (String piece : List.of("a", "b", "c")) {
            String before = receiver.text;
            send(piece);
            Wire.await("for a piece", () -> receiver.text.equals(before + piece));
        }

        assertThat(receiver.events).doesNotContain("failed", "lost", "end");
    }

    @Test
    void nothingIsReadUnlessTheReceiverReads() throws Exception {
        Recorder receiver = record();
        send("a");
        Wire.await("for the event", () -> receiver.events.contains("readable"));

        ByteBuffer one = ByteBuffer.allocateDirect(1);
        assertThat(wire.onLoop(() -> connection.read(one))).isEqualTo(1);
        assertThat(one.get(0)).isEqualTo((byte) 'a');
        assertThat(wire.onLoop(() -> connection.read(ByteBuffer.allocateDirect(1))))
                .isZero();
    }

    @Test
    void unreadBytesComeFirstAndInPieces() throws Exception {
        send("d");
        Recorder receiver = new Recorder(connection, true);
        onLoop(() -> {
            connection.unread("abc".getBytes(US_ASCII));
            ByteBuffer two = ByteBuffer.allocateDirect(2);
            assertThat(connection.read(two)).isEqualTo(2);
            assertThat(US_ASCII.decode(two.flip()).toString()).isEqualTo("ab");
        });

        set(receiver);

        Wire.await("for all", () -> receiver.text.equals("cd"));
    }

    @Test
    void unreadBytesAreReadAfterALoss() throws Exception {
        reset();
        Recorder receiver = record();
        wire.awaitOnLoop("for the loss", () -> connection.failure().isPresent());

        onLoop(() -> connection.unread("a".getBytes(US_ASCII)));

        assertThat(wire.onLoop(() -> connection.read(LoopBuffer.empty()))).isEqualTo(1);
        assertThatThrownBy(() -> onLoop(() -> connection.read(LoopBuffer.empty())))
                .hasCauseInstanceOf(IOException.class);
        assertThat(receiver.events).doesNotContain("finished");
    }

    @Test
    void theEndIsNoLoss() throws Exception {
        Recorder receiver = reading();

        peer.shutdownOutput();

        Wire.await("for the end", () -> receiver.events.contains("end"));
        assertThat(wire.onLoop(connection::isInputEnded)).isTrue();
        assertThat(wire.onLoop(connection::failure)).isEmpty();
        assertThat(wire.onLoop(() -> connection.read(LoopBuffer.empty()))).isEqualTo(-1);
        assertThat(receiver.events).doesNotContain("lost", "failed");
    }

    @Test
    void aResetIsNoEnd() throws Exception {
        Recorder receiver = reading();

        reset();

        Wire.await("for the loss", () -> !receiver.events.isEmpty());
        assertThat(receiver.events).doesNotContain("end", "finished");
        assertThat(wire.onLoop(connection::failure)).isPresent();
    }

    @Test
    void aResetIsNoticedThoughNobodyReads() throws Exception {
        Recorder receiver = record();
        send("unread");
        Wire.await("for the bytes", () -> receiver.events.contains("readable"));

        reset();

        Wire.await("for the loss", () -> receiver.events.contains("lost"));
        assertThat(wire.onLoop(connection::failure)).isPresent();
    }

    /** The end was read before, so no read fails. */
    @Test
    void aResetAfterTheEndIsNoticed() throws Exception {
        assumeSees(Unseen.A_RESET_AFTER_THE_END);
        Recorder receiver = reading();
        peer.shutdownOutput();
        Wire.await("for the end", () -> receiver.events.contains("end"));

        reset();

        Wire.await("for the loss", () -> receiver.events.contains("lost"));
        assertThat(receiver.events).doesNotContain("finished");
    }

    @Test
    void aFailureIsPermanent() throws Exception {
        reset();
        wire.awaitOnLoop("for the loss", () -> connection.failure().isPresent());
        IOException failure = wire.onLoop(() -> connection.failure().orElseThrow());

        onLoop(() -> {
            for (int i = 0; i < 2; i++) {
                assertThat(catchThrowableOfType(IOException.class, () -> connection.read(LoopBuffer.empty())))
                        .isSameAs(failure);
                assertThat(catchThrowableOfType(IOException.class, () -> connection.write(LoopBuffer.empty())))
                        .isSameAs(failure);
            }
            connection.shutdownOutput();
            assertThat(connection.failure()).containsSame(failure);
        });
    }

    @Test
    void whatTheKernelDoesNotTakeStaysWithTheCallerUntilItTakesMore() throws Exception {
        Recorder receiver = record();
        int sent = fill();
        receiver.events.clear();

        assertThat(peer.getInputStream().readNBytes(sent)).hasSize(sent);

        Wire.await("to be writable", () -> receiver.events.contains("writable"));
    }

    @Test
    void aWriteToAPeerThatHasClosedFails() throws Exception {
        peer.close();

        Wire.await("for a failed write", () -> {
            try {
                onLoop(() -> connection.write(LoopBuffer.empty().limit(1)));
                return false;
            } catch (Exception e) {
                return e.getCause() instanceof IOException;
            }
        });
    }

    /** Reads stop before an urgent byte, however many bytes follow (tcp(7)). */
    @Test
    void anUrgentByteIsReadInItsPlaceAndNothingAfterItStaysUnread() throws Exception {
        for (int i = 0; i < 50; i++) {
            Recorder receiver = reading();
            CountDownLatch sent = new CountDownLatch(1);
            loop.execute(() -> awaitQuietly(sent));
            send("ab");
            peer.sendUrgentData('!');
            send("cd");
            sent.countDown();

            Wire.await("for all bytes", () -> receiver.text.equals("ab!cd"));
        }
    }

    /** Blocks the event loop, so that it sees several events at once. */
    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void finishedMeansThatThePeersKernelHasEverything() throws Exception {
        assumeTrue(connection.reportsFinish(), "this engine doesn't report it");
        Recorder receiver = reading();
        int sent = fill();
        onLoop(connection::shutdownOutput);
        peer.shutdownOutput();
        Wire.await("for the end", () -> receiver.events.contains("end"));
        assertThat(wire.onLoop(connection::hasEnded)).isFalse();
        assertThat(receiver.events).doesNotContain("finished");

        assertThat(peer.getInputStream().readAllBytes()).hasSize(sent);

        Wire.await("for the finish", () -> receiver.events.contains("finished"));
        assertThat(receiver.events).doesNotContain("lost", "failed").containsOnlyOnce("finished");
        assertThat(wire.onLoop(connection::hasEnded)).isTrue();
    }

    @Test
    void anUnacknowledgedEndIsNotFinished() throws Exception {
        assumeTrue(connection.reportsFinish(), "this engine doesn't report it");
        Recorder receiver = reading();
        fill();
        onLoop(connection::shutdownOutput);
        peer.shutdownOutput();
        Wire.await("for the end", () -> receiver.events.contains("end"));

        peer.close();

        Wire.await("for the loss", () -> receiver.events.contains("lost"));
        assertThat(receiver.events).doesNotContain("finished");
    }

    @Test
    void closingResets() throws Exception {
        onLoop(connection::close);

        assertThatThrownBy(() -> peer.getInputStream().read())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("reset");
        assertThat(wire.onLoop(connection::isOpen)).isFalse();
    }

    @Test
    void closingInOrderEnds() throws Exception {
        onLoop(() -> {
            connection.write(LoopBuffer.empty().put((byte) 'a').flip());
            connection.closeInOrder();
        });

        assertThat(peer.getInputStream().readAllBytes()).containsExactly('a');
        assertThat(wire.onLoop(connection::isOpen)).isFalse();
    }

    @Test
    void theTaskOfACloseRunsOnceOnTheLoop() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        onLoop(() -> connection.whenClosed(() -> {
            assertThat(loop.inEventLoop()).isTrue();
            runs.incrementAndGet();
        }));

        onLoop(connection::close);
        onLoop(connection::close);
        onLoop(connection::closeInOrder);

        assertThat(runs).hasValue(1);
    }

    @Test
    void aConnectionThatIsClosedHereReportsNothing() throws Exception {
        Recorder receiver = record();
        onLoop(() -> {
            connection.close();
            receiver.events.clear();
            connection.shutdownOutput();
            connection.userTimeout(java.time.Duration.ofSeconds(1));
            connection.keepAlive(TcpTimeouts.DEFAULTS);
        });
        peer.close();
        onLoop(() -> {});

        assertThat(receiver.events).isEmpty();
        assertThat(wire.onLoop(connection::tcpState)).isEmpty();
    }

    /** The event of the closed one is in the same pass as that of the one that closes it. */
    @Test
    void aConnectionThatAnotherOneClosesGetsNoEventNorDoesTheNextWithItsNumber() throws Exception {
        Path path = folder.resolve("next.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
            Wire.Pair other = wire.pair();
            List<Connection> reported = new CopyOnWriteArrayList<>();
            List<Connection> opened = new ArrayList<>();
            List<Recorder> next = new CopyOnWriteArrayList<>();
            onLoop(() -> {
                for (Connection one : List.of(connection, other.connection())) {
                    Connection second = one.equals(connection) ? other.connection() : connection;
                    one.events(new ConnectionEvents() {
                        @Override
                        public void readable() {
                            reported.add(one);
                            second.close();
                            try {
                                Connection replacing = engine.connect(loop, path);
                                Recorder receiver = new Recorder(replacing, false);
                                replacing.events(receiver);
                                opened.add(replacing);
                                next.add(receiver);
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        }
                    });
                }
            });
            CountDownLatch sent = new CountDownLatch(1);
            loop.execute(() -> awaitQuietly(sent));
            peer.getOutputStream().write('a');
            other.socket().getOutputStream().write('a');
            sent.countDown();

            Wire.await("for an event", () -> !reported.isEmpty());
            onLoop(() -> {});
            onLoop(() -> {});
            assertThat(reported).hasSize(1);
            assertThat(next.getFirst().events).doesNotContain("readable", "lost");
            onLoop(() -> opened.forEach(Connection::close));
            wire.close(other.connection());
        }
    }

    @Test
    void aUnixConnectionCarriesBytesAndEnds() throws Exception {
        try (SocketChannel other = connectUnix()) {
            assertThat(connection.isTcp()).isFalse();
            assertThat(connection.localAddress()).isEmpty();
            assertThat(wire.onLoop(connection::tcpState)).isEmpty();
            Recorder receiver = reading();
            other.write(bytes("question"));
            other.shutdownOutput();
            Wire.await("for the end", () -> receiver.events.contains("end"));
            assertThat(receiver.text).isEqualTo("question");

            onLoop(() -> {
                connection.write(LoopBuffer.empty().put((byte) 'a').flip());
                connection.shutdownOutput();
            });

            ByteBuffer answer = ByteBuffer.allocate(8);
            assertThat(other.read(answer)).isEqualTo(1);
            assertThat(other.read(answer)).isEqualTo(-1);
            assertThat(receiver.events).doesNotContain("lost", "failed");
        }
    }

    @Test
    void theProcessAtAUnixConnectionIsKnown() throws Exception {
        assumeSees(Unseen.THE_PROCESS_AT_A_UNIX_SOCKET);
        try (SocketChannel _ = connectUnix()) {
            assertThat(wire.onLoop(() -> connection.peerProcess().pid()))
                    .isEqualTo(Math.toIntExact(ProcessHandle.current().pid()));
        }
    }

    /** A Unix socket has no reset (BRIDGE.md, section 4). */
    @Test
    void theCloseOfAUnixSocketIsALossThoughNobodyReads() throws Exception {
        assumeSees(Unseen.THE_CLOSE_OF_A_UNIX_SOCKET);
        try (SocketChannel other = connectUnix()) {
            Recorder receiver = record();
            other.write(bytes("unread"));

            other.close();

            Wire.await("for the loss", () -> receiver.events.contains("lost"));
            assertThat(wire.onLoop(connection::failure)).get().isInstanceOf(PeerClosedException.class);
        }
    }

    @Test
    void whatAUnixSocketSentBeforeItsCloseIsReadAndThenTheLoss() throws Exception {
        assumeSees(Unseen.THE_CLOSE_OF_A_UNIX_SOCKET);
        try (SocketChannel other = connectUnix()) {
            Recorder receiver = set(new Recorder(connection, true));
            other.write(bytes("reason"));

            other.close();

            Wire.await("for the loss", () -> !receiver.events.isEmpty());
            assertThat(receiver.text).isEqualTo("reason");
            assertThat(receiver.events).doesNotContain("end");
            assertThat(wire.onLoop(connection::failure)).get().isInstanceOf(PeerClosedException.class);
        }
    }

    @Test
    void theCloseOfAUnixSocketAfterThisSidesEndIsAnEnd() throws Exception {
        try (SocketChannel other = connectUnix()) {
            Recorder receiver = reading();
            onLoop(connection::shutdownOutput);

            other.close();

            Wire.await("for the end", () -> receiver.events.contains("end"));
            assertThat(receiver.events).doesNotContain("lost", "failed");
        }
    }

    @Test
    void bytesOfAUnixSocketAreReadAfterAFailedWrite() throws Exception {
        try (SocketChannel other = connectUnix()) {
            other.write(bytes("reason"));
            CountDownLatch closed = new CountDownLatch(1);
            var read = loop.submit(() -> {
                awaitQuietly(closed);
                assertThatThrownBy(() -> connection.write(LoopBuffer.empty().limit(1)))
                        .isInstanceOf(IOException.class);
                ByteBuffer data = LoopBuffer.empty();
                int length = connection.read(data);
                assertThat(length).isEqualTo("reason".length());
                return US_ASCII.decode(data.flip()).toString();
            });

            other.close();
            closed.countDown();

            assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo("reason");
        }
    }

    /** Netty's native code has an unchecked exception for it, which would leave a flow without an end. */
    @Test
    void anOptionThatTheSystemDoesNotHaveIsAnIoException() {
        assertThatThrownBy(() -> wire.onLoop(() -> connection.option(0, 9999)))
                .hasRootCauseInstanceOf(Exception.class)
                .satisfies(problem -> assertThat(problem.getCause()).isInstanceOf(IOException.class));
        assertThatThrownBy(() -> wire.onLoop(() -> {
                    connection.option(0, 9999, ByteBuffer.allocate(4));
                    return null;
                }))
                .satisfies(problem -> assertThat(problem.getCause()).isInstanceOf(IOException.class));
    }
}
