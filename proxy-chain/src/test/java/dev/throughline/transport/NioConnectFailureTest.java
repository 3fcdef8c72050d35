package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.throughline.budget.Account;
import dev.throughline.engine.ErrnoException;
import dev.throughline.engine.nio.NioEngine;
import dev.throughline.relay.PeerLoss;
import dev.throughline.relay.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Java's exceptions for a failed connection have the same reasons as those of epoll's sockets. */
@Timeout(30)
class NioConnectFailureTest {
    private final NioEngine engine = new NioEngine();
    private Wire wire;
    private ServerSocket server;

    @BeforeEach
    void open() throws IOException {
        wire = new Wire(engine);
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        wire.close();
    }

    private ConnectFailedException failure(int mark, Duration timeout) throws Exception {
        BsdSocket transport = new BsdSocket(engine, mark, timeout);
        ConnectRequest request = new ConnectRequest(
                (InetSocketAddress) server.getLocalSocketAddress(),
                new Account("host", "0", "app", "1@1"),
                Optional.empty());
        CompletableFuture<?> opened = wire.onLoop(
                        () -> new AwaitedAttempt(transport, wire.loops().next(), request))
                .opened();
        return (ConnectFailedException)
                catchThrowableOfType(ExecutionException.class, () -> opened.get(20, TimeUnit.SECONDS))
                        .getCause();
    }

    @Test
    void nobodyThereIsRefused() throws Exception {
        server.close();

        ConnectFailedException why = failure(0, Duration.ofSeconds(5));
        assertThat(why.failure()).isEqualTo(ConnectFailure.CONNECT_REFUSED);
        assertThat(why.detail()).isEqualTo("ECONNREFUSED (connection refused)");
    }

    @Test
    void noAnswerTimesOut() throws Exception {
        List<Socket> filling = new ArrayList<>();
        try {
            for (boolean full = false; !full; ) {
                Socket socket = new Socket();
                filling.add(socket);
                try {
                    socket.connect(server.getLocalSocketAddress(), 300);
                } catch (SocketTimeoutException e) {
                    full = true;
                }
            }

            ConnectFailedException why = failure(0, Duration.ofMillis(300));
            assertThat(why.failure()).isEqualTo(ConnectFailure.CONNECT_TIMEOUT);
            assertThat(why.detail()).isEqualTo("connection timed out after 300 ms");
        } finally {
            for (Socket socket : filling) {
                socket.close();
            }
        }
    }

    @Test
    void aMarkIsMissing() throws Exception {
        assertThat(failure(0x7101, Duration.ofSeconds(5)).failure()).isEqualTo(ConnectFailure.NOT_MARKED);
    }

    @ParameterizedTest
    @CsvSource({
        "101, CONNECT_UNREACHABLE",
        "113, CONNECT_UNREACHABLE",
        "111, CONNECT_REFUSED",
        "24, NO_DESCRIPTORS",
        "105, NO_SOCKETS",
        "99, NO_PORTS",
        "110, CONNECT_FAILED"
    })
    void aNumberHasOneReason(int errno, ConnectFailure failure) {
        InetSocketAddress destination = new InetSocketAddress(InetAddress.getLoopbackAddress(), 9);

        assertThat(ConnectFailedException.bySystem(new ErrnoException(errno, new IOException("text")), destination)
                        .failure())
                .isEqualTo(failure);
    }

    @ParameterizedTest
    @CsvSource({"110, TIMEOUT", "113, TIMEOUT", "104, RESET"})
    void aLossHasOneReason(int errno, PeerLoss loss) {
        assertThat(PeerLoss.of(new ErrnoException(errno, new IOException("text"))))
                .isEqualTo(loss);
    }

    @Test
    void nobodyAtAUnixSocketIsNoFullQueue() throws Exception {
        CompletableFuture<dev.throughline.engine.Connection> connected = new CompletableFuture<>();
        AgentSocket socket = new AgentSocket(engine, Path.of("/nowhere/agent.sock"));
        wire.onLoop(() -> {
            socket.connect(wire.loops().next(), connected);
            return null;
        });

        assertThat(connected).isCompletedExceptionally();
    }
}
