package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.budget.Account;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.Capability;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.StreamOptions;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.relay.Wire;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
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
    private static final IntegerUnixChannelOption SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);

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

    private CompletableFuture<SocketChannel> connect(int mark, Duration timeout) {
        return new BsdSocket(mark, timeout)
                .start(
                        wire.loops().next(),
                        new ConnectRequest(
                                address(),
                                new Account("host", "0", "app", "1@1"),
                                Optional.empty(),
                                TcpTimeouts.DEFAULTS),
                        new InboundBuffer())
                .opened()
                .thenApply(opened -> {
                    assertThat(opened.carried()).isFalse();
                    SocketChannel channel = (SocketChannel) opened.channel();
                    assertThat(opened.addresses()).contains(Tuple.tcp(channel.localAddress(), channel.remoteAddress()));
                    return channel;
                });
    }

    private static ConnectFailedException failure(CompletableFuture<SocketChannel> connecting) {
        return (ConnectFailedException)
                catchThrowableOfType(ExecutionException.class, () -> connecting.get(20, TimeUnit.SECONDS))
                        .getCause();
    }

    @Test
    void aConnectionOpensWithReadingOffAndItsFirstHandlerAdded() throws Exception {
        SocketChannel channel = connect(0, Duration.ofSeconds(5)).get(20, TimeUnit.SECONDS);

        assertThat(channel.isActive()).isTrue();
        assertThat(channel.config().isAutoRead()).isFalse();
        assertThat(channel.config().isAllowHalfClosure()).isTrue();
        assertThat(channel.pipeline().first()).isInstanceOf(InboundBuffer.class);
        assertThat(channel.remoteAddress()).isEqualTo(address());
        assertThat(channel.config().getOption(SO_MARK)).isZero();
        assertThat(channel.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
        assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPIDLE)).isEqualTo(30);
        assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPINTVL)).isEqualTo(15);
        assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPCNT)).isEqualTo(6);
        assertThat(channel.config().getOption(EpollChannelOption.TCP_USER_TIMEOUT))
                .isEqualTo(120_000);
        assertThat(channel.config().getOption(StreamOptions.SO_OOBINLINE)).isEqualTo(1);
        channel.close().sync();
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

        SocketChannel channel = connect(0x7101, Duration.ofSeconds(5)).get(20, TimeUnit.SECONDS);

        assertThat(channel.config().getOption(SO_MARK)).isEqualTo(0x7101);
        channel.close().sync();
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
