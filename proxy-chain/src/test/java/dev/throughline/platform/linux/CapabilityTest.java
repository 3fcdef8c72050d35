package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CapabilityTest {
    @Test
    void theEffectiveSetCounts() throws IOException {
        assertThat(Capability.parse("Name:\tx\nCapPrm:\tffffffffffffffff\nCapEff:\t000000c000003000\n"))
                .containsExactly(Capability.NET_ADMIN, Capability.NET_RAW, Capability.PERFMON, Capability.BPF);
        assertThat(Capability.parse("CapEff:\t0000000000000000\n")).isEmpty();
    }

    @Test
    void namesAreThoseOfTheManual() {
        assertThat(Capability.SYS_PTRACE).hasToString("CAP_SYS_PTRACE");
    }

    @Test
    void hintNamesTheMissingCapability() {
        String refused = "RTNETLINK answers: Operation not permitted\n";

        assertThat(Capability.hint(refused, Set.of(Capability.BPF)))
                .isEqualTo(" (CAP_NET_ADMIN is missing: run as root, or with this capability)");
        assertThat(Capability.hint(refused, Set.of(Capability.NET_ADMIN))).isEmpty();
        assertThat(Capability.hint("RTNETLINK answers: File exists", Set.of())).isEmpty();
    }

    @Test
    void withoutTheLineNothingIsClaimed() {
        assertThatThrownBy(() -> Capability.parse("Name:\tx\n")).isInstanceOf(IOException.class);
    }

    @Test
    void thisProcessHasASet() throws IOException {
        assertThat(Capability.effective()).isNotNull();
    }
}
