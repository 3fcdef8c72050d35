package dev.throughline.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.cli.HeaderFixture;
import dev.throughline.key.Trust;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class IdNamesTest {
    @Test
    void namesTheHopsAndHostsOfTheTrustFileInForce() throws Exception {
        AtomicReference<Trust> trust = new AtomicReference<>(Trust.NOBODY);
        IdNames names = new IdNames(trust::get, "", "");
        assertThat(names.of(HopId.of("hop-a"))).isEqualTo(HopId.of("hop-a").toString());
        assertThat(names.find(HostId.of("edge-1"))).isEmpty();

        trust.set(HeaderFixture.trust());
        assertThat(names.of(HopId.of("hop-a"))).isEqualTo("hop-a");
        assertThat(names.of(HostId.of("edge-1"))).isEqualTo("edge-1");

        trust.set(Trust.NOBODY);
        assertThat(names.find(HopId.of("hop-a"))).isEmpty();
    }

    @Test
    void namesThisHopAndItsHost() {
        IdNames names = new IdNames(Trust.NOBODY, "hop-c", "egress-1");
        assertThat(names.of(HopId.of("hop-c"))).isEqualTo("hop-c");
        assertThat(names.of(HostId.of("egress-1"))).isEqualTo("egress-1");
    }
}
