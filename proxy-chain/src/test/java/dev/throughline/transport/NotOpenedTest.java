package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.flow.CloseReason;
import dev.throughline.transport.NotOpened.Blame;
import java.net.ConnectException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether another way there would do. */
class NotOpenedTest {
    @ParameterizedTest
    @EnumSource(
            value = CloseReason.class,
            names = {"CONNECT_REFUSED", "CONNECT_TIMEOUT", "CONNECT_UNREACHABLE"})
    void whatIsSaidOfADestinationIsTheSameWhateverTheWay(CloseReason reason) {
        assertThat(NotOpened.failed(reason.toString()).blame()).isEqualTo(Blame.DESTINATION);
        assertThat(NotOpened.late(Optional.of(reason.toString())).blame()).isEqualTo(Blame.DESTINATION);
    }

    /** Of a connection that just couldn't be made nobody knows that another could not. */
    @ParameterizedTest
    @ValueSource(strings = {"connect-failed", "no-memory", "unknown-handle", "hop-not-allowed", "internal-error"})
    void whateverElseIsSaidIsOfTheWay(String reason) {
        assertThat(NotOpened.failed(reason).blame()).isEqualTo(Blame.TRANSPORT);
        assertThat(NotOpened.late(Optional.of(reason)).blame()).isEqualTo(Blame.TRANSPORT);
    }

    /** Netty's texts for what connect(2) answers. Of an address or a port too few, other destinations have some. */
    @ParameterizedTest
    @CsvSource({
        "finishConnect(..) failed: Connection refused,                     connect-refused, DESTINATION",
        "connect(..) failed: Cannot assign requested address,              connect-failed,  DESTINATION",
        "connect(..) failed: Invalid argument,                             connect-failed,  DESTINATION",
        "Channel.open failed: Too many open files,                         no-sockets,      TRANSPORT",
        "connect(..) failed: Cannot allocate memory,                       no-sockets,      TRANSPORT",
        "connect(..) failed: No buffer space available,                    no-sockets,      TRANSPORT"
    })
    void whatTheKernelSaysIsOfTheDestinationUnlessThisHostHasNoMore(String text, String reason, Blame blame) {
        NotOpened why = NotOpened.bySystem(new ConnectException(text));

        assertThat(why.reason()).isEqualTo(reason);
        assertThat(why.blame()).isEqualTo(blame);
    }

    @Test
    void anAgentThatSaysNothingIsOnItsWay() {
        assertThat(NotOpened.late(Optional.empty()).blame()).isEqualTo(Blame.DESTINATION);
    }
}
