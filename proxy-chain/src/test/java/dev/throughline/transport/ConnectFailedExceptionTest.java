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

/** Returns whether another transport could succeed. */
class ConnectFailedExceptionTest {
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress("127.0.0.1", 80);

    @ParameterizedTest
    @EnumSource(
            value = CloseReason.class,
            names = {"CONNECT_REFUSED", "CONNECT_TIMEOUT", "CONNECT_UNREACHABLE"})
    void failuresOfADestinationReportedByAnAgentBlameTheDestination(CloseReason reason) {
        assertThat(ConnectFailedException.reportedByAgent(reason.toString())
                        .failure()
                        .blame())
                .isEqualTo(Blame.DESTINATION);
        assertThat(ConnectFailedException.late(Optional.of(reason.toString()))
                        .failure()
                        .blame())
                .isEqualTo(Blame.DESTINATION);
    }

    /** After an unspecific failure, another transport may succeed. */
    @ParameterizedTest
    @ValueSource(strings = {"connect-failed", "no-memory", "unknown-handle", "hop-not-allowed", "internal-error"})
    void otherFailuresBlameTheTransport(String reason) {
        assertThat(ConnectFailedException.reportedByAgent(reason).failure().blame())
                .isEqualTo(Blame.TRANSPORT);
        assertThat(ConnectFailedException.late(Optional.of(reason)).failure().blame())
                .isEqualTo(Blame.TRANSPORT);
    }

    /** Netty's messages for errors of connect(2); the text after the number depends on the locale. */
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
    void kernelErrorsBlameTheDestinationUnlessThisHostLacksResources(String text, String reason, Blame blame) {
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

    /** Netty wraps the exception, because it creates the socket by reflection. */
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

    /** The kernel reports the same error for both: a link-local address can't be reached without its interface. */
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
    void aTimeoutWithoutANoticeBlamesTheDestination() {
        assertThat(ConnectFailedException.late(Optional.empty()).failure().blame())
                .isEqualTo(Blame.DESTINATION);
    }
}
