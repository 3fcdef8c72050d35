package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.relay.RelayResult;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CloseReasonTest {
    @ParameterizedTest
    @EnumSource
    void isWordsOfLowerCaseWithHyphens(CloseReason reason) {
        assertThat(reason.toString()).matches("[a-z]+(-[a-z]+)*");
    }

    @Test
    void noTwoSayTheSame() {
        assertThat(Arrays.stream(CloseReason.values()).map(CloseReason::toString))
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @EnumSource
    void everyEndOfARelayHasItsOwn(RelayResult end) {
        assertThat(Arrays.stream(RelayResult.values()).map(CloseReason::of)).doesNotHaveDuplicates();
        assertThat(CloseReason.of(end)).isNotNull();
    }

    /** An agent gets the code unchanged. */
    @ParameterizedTest
    @EnumSource
    void eachCanBeAnswered(CloseReason reason) {
        assertThat(new BridgeAnswer.Failed(reason.toString()).reason()).isEqualTo(reason.toString());
    }
}
