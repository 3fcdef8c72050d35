package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.flow.CloseReason;
import dev.throughline.transport.ConnectFailure.Blame;
import io.netty.channel.ChannelException;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.unix.Errors;
import java.io.FileNotFoundException;
import java.lang.reflect.InvocationTargetException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether another way there would do. */
class ConnectFailedExceptionTest {
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress("127.0.0.1", 80);

    @ParameterizedTest
    @EnumSource(
            value = CloseReason.class,
            names = {"CONNECT_REFUSED", "CONNECT_TIMEOUT", "CONNECT_UNREACHABLE"})
    void whatIsSaidOfADestinationIsTheSameWhateverTheWay(CloseReason reason) {
        assertThat(ConnectFailedException.reportedByAgent(reason.toString())
                        .failure()
                        .blame())
                .isEqualTo(Blame.DESTINATION);
        assertThat(ConnectFailedException.late(Optional.of(reason.toString()))
                        .failure()
                        .blame())
                .isEqualTo(Blame.DESTINATION);
    }

    /** Of a connection that just couldn't be made nobody knows that another could not. */
    @ParameterizedTest
    @ValueSource(strings = {"connect-failed", "no-memory", "unknown-handle", "hop-not-allowed", "internal-error"})
    void whateverElseIsSaidIsOfTheWay(String reason) {
        assertThat(ConnectFailedException.reportedByAgent(reason).failure().blame())
                .isEqualTo(Blame.TRANSPORT);
        assertThat(ConnectFailedException.late(Optional.of(reason)).failure().blame())
                .isEqualTo(Blame.TRANSPORT);
    }

    /** Netty's messages for what connect(2) answers; the words after the number are those of any locale. */
    @ParameterizedTest
    @CsvSource({
        "finishConnect(..) failed with error(-111): Connection refused,          connect-refused, DESTINATION",
        "finishConnect(..) failed with error(-111): Verbindungsaufbau abgelehnt, connect-refused, DESTINATION",
        "connect(..) failed with error(-99): Cannot assign requested address,    no-ports,        TRANSPORT",
        "connect(..) failed with error(-22): Invalid argument,                   connect-failed,  DESTINATION",
        "connect(..) failed with error(-24): Too many open files,                no-descriptors,  TRANSPORT",
        "connect(..) failed with error(-23): Too many open files in system,      no-descriptors,  TRANSPORT",
        "connect(..) failed with error(-12): Cannot allocate memory,             no-sockets,      TRANSPORT",
        "connect(..) failed with error(-105): No buffer space available,         no-sockets,      TRANSPORT",
        "epoll_ctl(..) failed with error(-28): No space left on device,          no-sockets,      TRANSPORT"
    })
    void whatTheKernelSaysIsOfTheDestinationUnlessThisHostHasNoMore(String text, String reason, Blame blame) {
        ConnectFailedException why = ConnectFailedException.bySystem(new ConnectException(text), LOOPBACK);

        assertThat(why.code()).isEqualTo(reason);
        assertThat(why.failure().blame()).isEqualTo(blame);
        assertThat(why.failure().isShortage()).isEqualTo(blame == Blame.TRANSPORT);
    }

    /** Netty's exceptions repeat the address, which the message names already, and some have no text. */
    @Test
    void detailNamesTheErrorOnceAndIsNeverNull() {
        assertThat(ConnectFailedException.bySystem(new NoRouteToHostException("null: " + LOOPBACK), LOOPBACK)
                        .detail())
                .isEqualTo("no route to host (ENETUNREACH or EHOSTUNREACH)");
        assertThat(ConnectFailedException.bySystem(new FileNotFoundException(), LOOPBACK)
                        .detail())
                .isEqualTo("ENOENT (no such file or directory)");
        assertThat(ConnectFailedException.bySystem(
                                new ConnectException(
                                        "finishConnect(..) failed with error(-111): Connection refused: " + LOOPBACK),
                                LOOPBACK)
                        .detail())
                .isEqualTo("ECONNREFUSED (connection refused)");
        assertThat(ConnectFailedException.bySystem(
                                new ConnectTimeoutException("connection timed out after 300 ms: " + LOOPBACK), LOOPBACK)
                        .detail())
                .isEqualTo("connection timed out after 300 ms");
        assertThat(ConnectFailedException.bySystem(new ClosedChannelException(), LOOPBACK)
                        .detail())
                .isEqualTo("ClosedChannelException");
    }

    /** Netty wraps it: the socket is made by reflection. */
    @Test
    void aSocketThatCouldNotBeMadeIsRecognisedInsideOfWhatNettyMakesOfIt() {
        Exception wrapped = new ChannelException(
                "Unable to create Channel from class EpollSocketChannel",
                new InvocationTargetException(
                        new ChannelException(Errors.newIOException("newSocketStream", -SystemError.EMFILE))));

        ConnectFailedException why = ConnectFailedException.bySystem(wrapped, LOOPBACK);
        assertThat(why.code()).isEqualTo("no-descriptors");
        assertThat(why.detail()).contains("LimitNOFILE");
    }

    /** The kernel says the same of both. From no address is a link-local one without its link reached. */
    @Test
    void aMissingAddressIsNotAShortageOfPorts() {
        InetSocketAddress unreachable = new InetSocketAddress("fe80::1", 80);
        ConnectFailedException why = ConnectFailedException.bySystem(
                new ConnectException("connect(..) failed with error(-99): Cannot assign requested address"),
                unreachable);
        assertThat(why.failure().blame()).isEqualTo(Blame.DESTINATION);
        assertThat(why.code()).isEqualTo("connect-unreachable");
    }

    @Test
    void anAgentThatSaysNothingIsOnItsWay() {
        assertThat(ConnectFailedException.late(Optional.empty()).failure().blame())
                .isEqualTo(Blame.DESTINATION);
    }
}
