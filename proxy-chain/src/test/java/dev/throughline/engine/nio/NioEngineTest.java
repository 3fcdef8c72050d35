package dev.throughline.engine.nio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.ConnectOptions;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ErrnoException;
import dev.throughline.engine.ListenOptions;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.MarkException;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.relay.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What differs from the engine of Linux, and listeners. */
@Timeout(60)
class NioEngineTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final int SOL_SOCKET = 1;
    private static final int SO_MARK = 36;

    private final NioEngine engine = new NioEngine();
    private final LinkedBlockingQueue<AcceptedSocket> accepted = new LinkedBlockingQueue<>();
    private Wire wire;

    @BeforeEach
    void open() {
        wire = new Wire(engine);
    }

    @AfterEach
    void close() throws IOException {
        wire.close();
    }

    private static ListenOptions options(boolean transparent, int mark) {
        return new ListenOptions(10, true, transparent, mark, TcpTimeouts.DEFAULTS);
    }

    private ListeningSocket listen(InetSocketAddress address, ListenOptions options) throws IOException {
        return engine.listen(List.of(wire.loops().next()), address, options, 4, () -> new AcceptListener() {
            @Override
            public void accepted(AcceptedSocket connection, AcceptLoop on) {
                accepted.add(connection);
            }

            @Override
            public void failed(AcceptLoop on, IOException cause) {
                throw new IllegalStateException(cause);
            }
        });
    }

    private static Socket connectTo(ListeningSocket listener) throws IOException {
        InetSocketAddress address = (InetSocketAddress) listener.address();
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    @Test
    void whatJavaCannotSetFailsWithItsName() throws Exception {
        ConnectListener nobody = new ConnectListener() {
            @Override
            public void connected(Connection connection) {}

            @Override
            public void failed(Exception cause) {}
        };
        assertThatThrownBy(() -> engine.connect(
                        wire.loops().next(), wire.address(), new ConnectOptions(1, Duration.ofSeconds(1)), nobody))
                .isInstanceOf(MarkException.class)
                .hasMessageContaining("engine \"nio\" has no marks");
        assertThatThrownBy(() -> listen(ANY_PORT, options(false, 1))).isInstanceOf(MarkException.class);
        assertThatThrownBy(() -> listen(ANY_PORT, options(true, 0)))
                .hasMessage("engine \"nio\" has no interception (IP_TRANSPARENT)");
        Connection connection = wire.pair().connection();
        assertThatThrownBy(() -> connection.option(SOL_SOCKET, SO_MARK))
                .hasMessage("engine \"nio\" has no socket options by number");
        assertThatThrownBy(() -> connection.option(SOL_SOCKET, SO_MARK, ByteBuffer.allocate(4)))
                .hasMessage("engine \"nio\" has no socket options by number");
        assertThatThrownBy(connection::peerProcess).hasMessageContaining("process at the other end");
        wire.close(connection);
    }

    @Test
    void whatJavaDoesNotShowIsUnknown() throws Exception {
        Connection connection = wire.pair().connection();
        wire.onLoop(() -> {
            assertThat(connection.reportsFinish()).isFalse();
            assertThat(connection.hasEnded()).isFalse();
            assertThat(connection.tcpState()).isEmpty();
            return null;
        });
        wire.close(connection);
    }

    /** Nothing reports when the peer's kernel has the rest, so the close mustn't discard it. */
    @Test
    void closingAfterBothEndsDeliversWhatTheKernelHolds() throws Exception {
        Wire.Pair pair = wire.pair();
        Connection connection = pair.connection();
        pair.socket().shutdownOutput();
        int sent = wire.onLoop(() -> {
            int taken = 0;
            for (int last = -1; last != taken; ) {
                last = taken;
                ByteBuffer zeros = LoopBuffer.empty();
                connection.write(zeros);
                taken += zeros.position();
            }
            connection.shutdownOutput();
            return taken;
        });
        wire.awaitOnLoop("for the end", () -> connection.read(LoopBuffer.empty()) < 0);

        wire.close(connection);

        assertThat(pair.socket().getInputStream().readAllBytes()).hasSize(sent);
    }

    @Test
    void closingAfterOneEndResets() throws Exception {
        Wire.Pair pair = wire.pair();
        pair.socket().shutdownOutput();
        wire.awaitOnLoop("for the end", () -> pair.connection().read(LoopBuffer.empty()) < 0);

        wire.close(pair.connection());

        assertThatThrownBy(() -> pair.socket().getInputStream().read()).hasMessageContaining("reset");
    }

    @Test
    void aPausedListenerLeavesConnectionsInTheKernelUntilItResumes() throws Exception {
        ListeningSocket listener = listen(ANY_PORT, options(false, 0));
        wire.onLoop(() -> {
            listener.loops().getFirst().pause();
            return null;
        });
        try (Socket waiting = connectTo(listener)) {
            assertThat(waiting.isConnected()).isTrue();
            wire.onLoop(() -> null);
            assertThat(accepted).isEmpty();

            listener.loops().getFirst().resume();

            AcceptedSocket connection = accepted.take();
            assertThat(connection.remoteAddress()).contains((InetSocketAddress) waiting.getLocalSocketAddress());
            assertThat(connection.localAddress()).contains((InetSocketAddress) listener.address());
            var channel = ((NioConnection) connection).channel();
            assertThat(channel.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
            assertThat(channel.getOption(ExtendedSocketOptions.TCP_KEEPIDLE)).isEqualTo(30);
            assertThat(channel.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL))
                    .isEqualTo(15);
            assertThat(channel.getOption(ExtendedSocketOptions.TCP_KEEPCOUNT)).isEqualTo(6);
            assertThat(channel.getOption(StandardSocketOptions.TCP_NODELAY)).isTrue();
            assertThat(channel.socket().getOOBInline()).isTrue();
            connection.close();
        }
        listener.close();
    }

    @Test
    void aPausedListenerRefusesWithAReset() throws Exception {
        ListeningSocket listener = listen(ANY_PORT, options(false, 0));
        wire.onLoop(() -> {
            listener.loops().getFirst().pause();
            return null;
        });
        try (Socket refused = connectTo(listener)) {
            wire.awaitOnLoop("for the connection", listener.loops().getFirst()::refuseOne);

            assertThatThrownBy(() -> refused.getInputStream().read()).hasMessageContaining("reset");
            assertThat(wire.onLoop(listener.loops().getFirst()::refuseOne)).isFalse();
        }
        listener.close();
    }

    @Test
    void theAddressOfAClosedListenerIsFreeAtOnce() throws Exception {
        for (int i = 0; i < 20; i++) {
            ListeningSocket listener = listen(ANY_PORT, options(false, 0));
            listener.close();

            assertThat(listener.isOpen()).isFalse();
            InetSocketAddress address = (InetSocketAddress) listener.address();
            try (ServerSocket next = new ServerSocket()) {
                next.setReuseAddress(false);
                next.bind(address);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Connection refused, 111",
        "Connection refused: no further information, 111",
        "Connection timed out, 110",
        "Operation timed out, 110",
        "Network is unreachable, 101",
        "Too many open files, 24",
        "Too many open files in system, 23",
        "Cannot assign requested address, 99",
        "Resource temporarily unavailable, 11"
    })
    void errorsHaveTheirNumber(String text, int errno) {
        assertThat(SystemErrors.numbered(new SocketException(text)))
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(errno))
                .hasMessage(text);
    }

    @Test
    void unknownTextsHaveNoNumberUnlessTheirTypeSaysIt() {
        IOException unknown = new IOException("Verbindung verweigert");
        assertThat(SystemErrors.numbered(unknown)).isSameAs(unknown);
        assertThat(SystemErrors.numbered(new NoRouteToHostException("Keine Route")))
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(113));
    }
}
