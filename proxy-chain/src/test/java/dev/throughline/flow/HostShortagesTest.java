package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.transport.ConnectFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HostShortagesTest {
    private final List<String> log = new ArrayList<>();
    private Optional<String> largestHolder = Optional.empty();
    private final HostShortages shortages = new HostShortages(() -> largestHolder, log::add);

    @Test
    void aShortageIsLoggedOnceWhenItStartsAndOnceWhenItEnds() {
        for (int i = 0; i < 3; i++) {
            shortages.accept("listener apps", "no descriptor");
            shortages.upstream("bsd-socket", ConnectFailure.NO_PORTS, "no port");
        }
        assertThat(log)
                .containsExactly(
                        "listener apps: connections are reset: no descriptor",
                        "transport bsd-socket: flows end with no-ports: no port");
        log.clear();

        shortages.endEpisodes(System.nanoTime());
        assertThat(log).isEmpty();
        shortages.endEpisodes(System.nanoTime() + EpisodeLog.QUIET.toNanos());

        assertThat(log)
                .containsExactly(
                        "listener apps: recovered: connections are reset, 3 times in 0 s",
                        "transport bsd-socket: recovered: flows end with no-ports, 3 times in 0 s");
        shortages.accept("listener apps", "no descriptor");
        assertThat(log).last().isEqualTo("listener apps: connections are reset: no descriptor");
    }

    @Test
    void onlyConnectionsThatAreRefusedUnservedCountAsSuch() {
        shortages.upstream("bsd-socket", ConnectFailure.NO_PORTS, "no port");
        assertThat(shortages.recent()).isEmpty();
        assertThat(shortages.refusedAccepts()).isZero();

        shortages.accept("listener apps", "no descriptor");

        assertThat(shortages.recent()).hasValue("connections are reset: no descriptor or memory is left");
        assertThat(shortages.refusedAccepts()).isEqualTo(1);
    }

    /** Ports may be short for one destination only; descriptors are short for all flows. */
    @Test
    void aHopWithoutADescriptorForUpstreamConnectionsIsShort() {
        shortages.upstream("bsd-socket", ConnectFailure.NO_DESCRIPTORS, "no descriptor");

        assertThat(shortages.recent()).hasValue("flows end with no-descriptors: no descriptor");
    }

    @Test
    void theUserWithMostFlowsIsNamed() {
        largestHolder = Optional.of("most flows: user 65534 on edge-1, 40 of 44");
        shortages.accept("listener apps", "no descriptor");

        assertThat(shortages.recent()).get().asString().endsWith("; most flows: user 65534 on edge-1, 40 of 44");
        assertThat(log).singleElement().asString().endsWith("; most flows: user 65534 on edge-1, 40 of 44");
    }
}
