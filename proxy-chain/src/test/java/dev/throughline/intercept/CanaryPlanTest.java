package dev.throughline.intercept;

import static dev.throughline.intercept.RuleTextTest.BOTH;
import static dev.throughline.intercept.RuleTextTest.FIRST_HOP;
import static dev.throughline.intercept.RuleTextTest.MIDDLE_HOP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import org.junit.jupiter.api.Test;

class CanaryPlanTest {
    @Test
    void aCaptureOfEverythingIsTestedWithDocumentationAddresses() {
        assertThat(CanaryPlan.of(FIRST_HOP, 990, true))
                .extracting(plan -> Tuple.text(plan.destination()))
                .containsExactly("192.0.2.1:9", "[2001:db8::1]:9");
    }

    @Test
    void aHostWithoutIpv6IsTriedWithIpv4Only() {
        assertThat(CanaryPlan.of(FIRST_HOP, 990, false)).hasSize(1);
    }

    @Test
    void aPreviousHopIsTriedWithItsMark() {
        assertThat(CanaryPlan.of(MIDDLE_HOP, 990, true))
                .hasSize(2)
                .allMatch(plan -> plan.mark() == 0x21 && plan.listener().equals("chain"));
    }

    @Test
    void theConditionsOfACaptureAreKept() {
        assertThat(CanaryPlan.of(BOTH, 1000, true))
                .filteredOn(plan -> plan.listener().equals("web"))
                .extracting(plan -> Tuple.text(plan.destination()))
                .containsExactly("10.0.0.1:443", "[2001:db8::1]:443");
    }

    @Test
    void aUserWhoIsNotCapturedCanTryNothing() {
        assertThat(CanaryPlan.of(BOTH, 2003, true))
                .noneMatch(plan -> plan.listener().equals("web"));
        assertThat(CanaryPlan.of(BOTH, 0, true))
                .noneMatch(plan -> plan.listener().equals("web"));
    }
}
