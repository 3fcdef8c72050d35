package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableMap;
import dev.throughline.platform.linux.ConntrackUsage;
import dev.throughline.platform.linux.SourcePorts;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SystemTablesTest {
    private static final SourcePorts PORTS = new SourcePorts(28_232, Duration.ofSeconds(60));

    private static SystemTables of(int flows, int towardsNext, long tracked) {
        return new SystemTables(
                flows,
                2,
                Optional.of(PORTS),
                ImmutableMap.of("hop-b", towardsNext),
                Optional.of(new ConntrackUsage(211, tracked)),
                Optional.of(4096));
    }

    @Test
    void saysWhatFlowsTakeOfEachTable() {
        SystemTables tables = of(4_000, 26_468, 262_144);

        assertThat(tables.lines())
                .containsExactly(
                        "source ports: 28232 for each address, each in use for 60 s after its flow (net.ipv4.ip_local_port_range)",
                        "  to hop-b: 4000 of 26468",
                        "conntrack: 8000 of 262144 connections, 211 tracked now (net.netfilter.nf_conntrack_max)",
                        "accept queue: 1024 connections of each user (net.core.somaxconn: 4096)");
        assertThat(tables.warnings()).isEmpty();
    }

    @Test
    void warnsOfTablesThatAreTooSmall() {
        assertThat(of(30_000, 26_468, 50_000).warnings())
                .containsExactly(
                        "30000 flows, but source ports for 26468 to hop-b: the others fail with no-ports (widen"
                                + " net.ipv4.ip_local_port_range, or give hop-b several addresses)",
                        "30000 flows need 60000 entries of the conntrack table, which has 50000 (raise"
                                + " net.netfilter.nf_conntrack_max)");
    }

    @Test
    void saysThatNothingIsTracked() {
        SystemTables tables =
                new SystemTables(100, 1, Optional.empty(), ImmutableMap.of(), Optional.empty(), Optional.of(128));

        assertThat(tables.lines())
                .containsExactly(
                        "conntrack: not in use",
                        "accept queue: 128 connections of each user (net.core.somaxconn: 128)");
    }
}
