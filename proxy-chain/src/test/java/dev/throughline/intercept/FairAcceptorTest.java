package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.budget.Account;
import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.ListenOptions;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.flow.AcceptFailures;
import dev.throughline.flow.FairQueue;
import dev.throughline.flow.HostShortages;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections of one user. At most two of them wait outside the kernel's queue. */
@Timeout(30)
class FairAcceptorTest {
    private static final int MOST_WAITING = 2;
    private static final Account ALICE = new Account("edge-1", "alice", "", "");

    private final Engine engine = new EpollEngine();
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, engine.newHandlerFactory());
    private final AtomicInteger prepared = new AtomicInteger();

    @AfterEach
    void stop() {
        loops.shutdownGracefully();
    }

    @Test
    void continuesAfterConnectionsThatCouldNotBePrepared() throws IOException {
        int failing = 3 * MOST_WAITING;
        InetSocketAddress address = listen(failing);

        for (int i = 0; i < failing; i++) {
            try (Socket socket = open(address)) {
                assertThatThrownBy(() -> readByte(socket)).isInstanceOf(IOException.class);
            }
        }

        try (Socket socket = open(address)) {
            assertThat(readByte(socket)).isEqualTo('!');
        }
        assertThat(prepared).hasValue(failing + 1);
    }

    /** The first {@code failing} connections can't be prepared; each other one gets a byte. */
    private InetSocketAddress listen(int failing) throws IOException {
        AcceptListener tested = new FairAcceptor(
                new FairQueue(100),
                MOST_WAITING,
                FairQueue.Work.FLOW,
                connection -> ALICE,
                connection -> false,
                (connection, user) -> prepare(connection, failing),
                new AcceptFailures("listener test", new HostShortages(Optional::empty, line -> {})));
        return (InetSocketAddress) engine.listen(
                        List.of(loops.next()),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        new ListenOptions(100, false, false, 0, TcpTimeouts.NONE),
                        4,
                        () -> tested)
                .address();
    }

    private void prepare(Connection connection, int failing) {
        if (prepared.incrementAndGet() <= failing) {
            throw new IllegalStateException("can't prepare " + connection);
        }
        try {
            connection.write(LoopBuffer.empty().put((byte) '!').flip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Socket open(InetSocketAddress address) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static int readByte(Socket socket) throws IOException {
        int read = socket.getInputStream().read();
        if (read == -1) {
            throw new EOFException();
        }
        return read;
    }
}
