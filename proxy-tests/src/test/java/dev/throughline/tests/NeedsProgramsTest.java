package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;

class NeedsProgramsTest {
    @Test
    void runsWhereNothingIsMissing() {
        assertThat(NeedsPrograms.Condition.decide("HaproxyIT", List.of(), true).isDisabled())
                .isFalse();
    }

    @Test
    void saysWhyItSkips() {
        ConditionEvaluationResult result = NeedsPrograms.Condition.decide("HaproxyIT", List.of("haproxy"), false);
        assertThat(result.isDisabled()).isTrue();
        assertThat(result.getReason().orElseThrow()).contains("HaproxyIT needs haproxy", "./throughline verify");
    }

    @Test
    void failsInsteadOfSkippingInContinuousIntegration() {
        assertThatThrownBy(() -> NeedsPrograms.Condition.decide("HaproxyIT", List.of("haproxy"), true))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("CI=true, and HaproxyIT needs haproxy");
    }

    @Test
    void findsAProgramByNameAndAFileByPath() {
        assertThat(ForeignProgram.find("sh")).isPresent();
        assertThat(ForeignProgram.find("/proc/self/status")).isPresent();
        assertThat(ForeignProgram.find("no-such-program")).isEmpty();
        assertThat(ForeignProgram.find("/no/such/module.so")).isEmpty();
    }
}
