package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;

class NeedsNamespacesTest {
    @Test
    void runsWhereNothingIsMissing() {
        assertThat(NeedsNamespaces.Condition.decide(Optional.empty(), true).isDisabled())
                .isFalse();
    }

    @Test
    void saysWhyItSkips() {
        ConditionEvaluationResult result = NeedsNamespaces.Condition.decide(Optional.of("nft is missing"), false);
        assertThat(result.isDisabled()).isTrue();
        assertThat(result.getReason()).contains("nft is missing");
    }

    @Test
    void failsInsteadOfSkippingInContinuousIntegration() {
        assertThatThrownBy(() -> NeedsNamespaces.Condition.decide(Optional.of("nft is missing"), true))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("nft is missing");
    }
}
