package dev.throughline.bridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.header.Bytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Invalid answers can't be created; the vectors have the valid ones. */
class BridgeAnswerTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "Refused", "connect refused", "-refused", "1st", "connect_refused", "refused!"})
    void aFailureHasACloseReason(String text) {
        assertThatThrownBy(() -> new BridgeAnswer.Failed(text)).hasMessage("\"" + text + "\" is no close reason");
    }

    @Test
    void aCloseReasonHas64CharactersAtMost() {
        assertThat(new BridgeAnswer.Failed("a".repeat(64)).encode().length()).isEqualTo(BridgeAnswer.PREFIX_BYTES + 64);
        assertThatThrownBy(() -> new BridgeAnswer.Failed("a".repeat(65))).hasMessageContaining("no close reason");
    }

    /** A code below {@code 80} is an answer, and known notices have meanings; a reader must not skip them. */
    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1, 0x7F, 0x80, 0x83, 0x100})
    void unknownNewsHaveACodeOfTheirOwn(int code) {
        assertThatThrownBy(() -> new BridgeAnswer.AgentNotice.Unknown(code, Bytes.EMPTY))
                .hasMessageContaining("from 84 to ff");
    }

    @Test
    void limitsAreThoseOfAProcess() {
        assertThatThrownBy(() -> new BridgeAnswer.AgentNotice.Limits(512, 10, 11))
                .hasMessage("11 wait, of 10 in use");
        assertThatThrownBy(() -> new BridgeAnswer.AgentNotice.Limits(1L << 32, 0, 0))
                .hasMessageContaining("of 32 bits");
        assertThatThrownBy(() -> new BridgeAnswer.AgentNotice.Limits(0, -1, 0)).hasMessageContaining("of 32 bits");
        assertThatThrownBy(() -> new BridgeAnswer.AgentNotice.Limits(0, 1L << 32, 1L << 32))
                .hasMessageContaining("of 32 bits");
    }

    @Test
    void newsAreNoLongerThanAnAgentReads() {
        for (int code : new int[] {0x84, 0xFF}) {
            BridgeAnswer longest =
                    new BridgeAnswer.AgentNotice.Unknown(code, Bytes.copyOf(new byte[BridgeAnswer.MAX_CONTENT_BYTES]));
            assertThat(BridgeAnswer.read(longest.encode()))
                    .isEqualTo(new BridgeAnswer.Read.Complete(
                            longest, longest.encode().length()));
        }
        assertThatThrownBy(() -> new BridgeAnswer.AgentNotice.Unknown(
                        0xFF, Bytes.copyOf(new byte[BridgeAnswer.MAX_CONTENT_BYTES + 1])))
                .hasMessage("an answer is short: 257 bytes");
    }
}
