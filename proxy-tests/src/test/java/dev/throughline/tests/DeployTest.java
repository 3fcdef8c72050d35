package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.config.ListenerConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.header.Cidr;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The hops of one example match: the settings of one about another equal that one's own. */
class DeployTest {
    private static Map<String, HopConfig> hops(String example) throws Exception {
        Map<String, HopConfig> hops = new LinkedHashMap<>();
        for (String name : List.of("hop-a", "hop-b", "hop-c")) {
            Path file = Program.checkout()
                    .resolve("deploy/examples")
                    .resolve(example)
                    .resolve(name + ".yaml");
            HopConfig config = ConfigReader.read(file);
            assertThat(config.identity().name()).isEqualTo(name);
            hops.put(name, config);
        }
        return hops;
    }

    @Test
    void onOneHostEachHopTellsThePreviousOneByItsMarkAndItsPidFile() throws Exception {
        Map<String, HopConfig> hops = hops("one-host");
        List<String> previous = hops.values().stream()
                .flatMap(hop -> hop.listeners().stream()
                        .filter(ListenerConfig.PreviousHop.class::isInstance)
                        .map(listener -> {
                            ListenerConfig.Previous said = ((ListenerConfig.PreviousHop) listener).previous();
                            HopConfig before = hops.get(said.hop());
                            assertThat(said.mark()).hasValue(before.marks().own());
                            assertThat(said.pidFile()).hasValue(before.admin().pidFile());
                            assertThat(before.marks().later())
                                    .contains(hop.marks().own());
                            assertThat(before.routing().defaultRoute())
                                    .isEqualTo(new RouteConfig.HopByInterception(
                                            hop.identity().name(),
                                            HeaderProfile.NORMAL,
                                            ImmutableList.of("bsd-socket"),
                                            TcpTimeouts.DEFAULTS));
                            return said.hop();
                        }))
                .toList();
        assertThat(previous).containsExactly("hop-a", "hop-b");
        assertThat(hops.values()).extracting(config -> config.identity().host()).containsOnly("edge-1");
    }

    /** Connections of applications before the hop runs are refused, not passed. */
    @Test
    void rulesComeBeforeTheNetworkAndTheHopAfterItsRules() throws Exception {
        Path deploy = Program.checkout().resolve("deploy");
        List<String> rules = Files.readAllLines(deploy.resolve("throughline-rules@.service"));
        assertThat(rules)
                .contains(
                        "DefaultDependencies=no",
                        "Wants=network-pre.target",
                        "Before=network-pre.target throughline@%i.service",
                        "ExecStart=/usr/bin/throughline redirect apply --config /etc/throughline/%i.yaml",
                        "WantedBy=sysinit.target")
                // The hop's user and one capability, as "redirect apply" in the hop's own unit.
                .contains("User=throughline", "AmbientCapabilities=CAP_NET_ADMIN");
        assertThat(Files.readString(deploy.resolve("throughline@.service")))
                .containsPattern("(?m)^After=.* throughline-rules@%i\\.service$");
    }

    @Test
    void theHopWaitsForTheRightTime() throws Exception {
        assertThat(Files.readString(Program.checkout().resolve("deploy/throughline@.service")))
                .containsPattern("(?m)^Wants=.* time-sync\\.target$")
                .containsPattern("(?m)^After=.* time-sync\\.target ");
    }

    @Test
    void betweenHostsEachHopGoesToWhereTheNextOneListens() throws Exception {
        Map<String, HopConfig> hops = hops("three-hosts");
        for (HopConfig hop : hops.values()) {
            if (hop.routing().defaultRoute() instanceof RouteConfig.HopAt next) {
                assertThat(hops.get(next.hop()).listeners())
                        .filteredOn(ListenerConfig.Chain.class::isInstance)
                        .extracting(listener -> ((ListenerConfig.Chain) listener).address())
                        .containsExactlyElementsOf(next.addresses());
                // The capture excludes connections to the next hop.
                hop.listeners().forEach(listener -> {
                    if (listener instanceof ListenerConfig.Apps apps) {
                        assertThat(apps.capture().except().destinations())
                                .anyMatch((Cidr network) -> network.contains(
                                        next.addresses().getFirst().getAddress()));
                    }
                });
            }
        }
        assertThat(hops.values()).extracting(config -> config.identity().host()).doesNotHaveDuplicates();
    }
}
