package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.budget.Account;
import dev.throughline.engine.Connection;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.Capability;
import dev.throughline.relay.Wire;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
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

@Timeout(30)
class BsdSocketTest {
    private static final int SOL_SOCKET = 1;
    private static final int SO_OOBINLINE = 10;
    private static final int SO_MARK = 36;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;

    private Wire wire;
    private ServerSocket server;

    @BeforeEach
    void open() throws IOException {
        wire = new Wire();
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        wire.close();
    }

    private InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    private AwaitedAttempt start(int mark, Duration timeout) throws Exception {
        BsdSocket transport = new BsdSocket(new EpollEngine(), mark, timeout);
        ConnectRequest request =
                new ConnectRequest(address(), new Account("host", "0", "app", "1@1"), Optional.empty());
        EventLoop loop = wire.loops().next();
        return wire.onLoop(() -> new AwaitedAttempt(transport, loop, request));
    }

    private CompletableFuture<Connection> connect(int mark, Duration timeout) throws Exception {
        return start(mark, timeout).opened().thenApply(opened -> {
            assertThat(opened.carried()).isFalse();
            Connection connection = opened.connection();
            assertThat(opened.addresses())
                    .contains(Tuple.tcp(
                            connection.localAddress().orElseThrow(),
                            connection.remoteAddress().orElseThrow()));
            return connection;
        });
    }

    private static ConnectFailedException failure(CompletableFuture<?> connecting) {
        return (ConnectFailedException)
                catchThrowableOfType(ExecutionException.class, () -> connecting.get(20, TimeUnit.SECONDS))
                        .getCause();
    }

    @Test
    void aConnectionOpensUnmarkedAndWithoutDelay() throws Exception {
        Connection connection = connect(0, Duration.ofSeconds(5)).get(20, TimeUnit.SECONDS);

        assertThat(connection.remoteAddress()).contains(address());
        wire.onLoop(() -> {
            assertThat(connection.isOpen()).isTrue();
            assertThat(connection.option(SOL_SOCKET, SO_MARK)).isZero();
            assertThat(connection.option(SOL_SOCKET, SO_OOBINLINE)).isEqualTo(1);
            // The first write is never delayed.
            connection.write(ByteBuffer.allocateDirect(1));
            connection.write(ByteBuffer.allocateDirect(1));
            assertThat(connection.option(IPPROTO_TCP, TCP_NODELAY)).isEqualTo(1);
            return null;
        });
        wire.close(connection);
    }

    @Test
    void anAttemptThatIsGivenUpConnectsNothing() throws Exception {
        List<Socket> filling = new ArrayList<>();
        try {
            fillTheQueue(filling);
            AwaitedAttempt attempt = start(0, Duration.ofSeconds(5));

            wire.loops().next().submit(attempt::giveUp).sync();

            assertThat(failure(attempt.opened()).failure()).isEqualTo(ConnectFailure.GIVEN_UP);
            assertThat(attempt.released()).isDone();
        } finally {
            for (Socket socket : filling) {
                socket.close();
            }
        }
    }

    @Test
    void nobodyThereIsRefused() throws Exception {
        server.close();

        ConnectFailedException why = failure(connect(0, Duration.ofSeconds(5)));
        assertThat(why.code()).isEqualTo("connect-refused");
        assertThat(why.failure().blame()).isEqualTo(ConnectFailure.Blame.DESTINATION);
    }

    /** A listener whose queue is full doesn't respond. */
    @Test
    void noAnswerTimesOut() throws Exception {
        List<Socket> filling = new ArrayList<>();
        try {
            fillTheQueue(filling);

            ConnectFailedException why = failure(connect(0, Duration.ofMillis(300)));
            assertThat(why.code()).isEqualTo("connect-timeout");
            assertThat(why.failure().isSilence()).isTrue();
        } finally {
            for (Socket socket : filling) {
                socket.close();
            }
        }
    }

    private void fillTheQueue(List<Socket> filling) throws IOException {
        for (int i = 0; i < 20; i++) {
            Socket socket = new Socket();
            filling.add(socket);
            try {
                socket.connect(address(), 300);
            } catch (java.net.SocketTimeoutException full) {
                return;
            }
        }
    }

    @Test
    void theMarkIsSetBeforeItConnects() throws Exception {
        assumeTrue(Capability.effective().contains(Capability.NET_ADMIN), "needs CAP_NET_ADMIN");

        Connection connection = connect(0x7101, Duration.ofSeconds(5)).get(20, TimeUnit.SECONDS);

        assertThat(wire.onLoop(() -> connection.option(SOL_SOCKET, SO_MARK))).isEqualTo(0x7101);
        wire.close(connection);
    }

    @Test
    void withoutTheRightToMarkNothingIsConnected() throws Exception {
        assumeFalse(Capability.effective().contains(Capability.NET_ADMIN), "needs to be without CAP_NET_ADMIN");
        assumeFalse(Capability.effective().contains(Capability.NET_RAW), "needs to be without CAP_NET_RAW");
        server.setSoTimeout(300);

        ConnectFailedException why = failure(connect(0x7101, Duration.ofSeconds(5)));
        assertThat(why.failure()).isEqualTo(ConnectFailure.NOT_MARKED);
        assertThat(why.detail()).contains("CAP_NET_ADMIN");
        assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> server.accept()))
                .isInstanceOf(java.net.SocketTimeoutException.class);
    }
}
