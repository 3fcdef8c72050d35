package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.flow.HostShortages;
import dev.throughline.platform.linux.ConntrackUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConntrackWatchTest {
    private final List<String> log = new ArrayList<>();
    private Optional<ConntrackUsage> usage = Optional.empty();
    private final ConntrackWatch watch = new ConntrackWatch(() -> usage, new HostShortages(Optional::empty, log::add));

    @Test
    void aFullTableIsAProblemAndLoggedOnce() {
        usage = Optional.of(new ConntrackUsage(95, 100));
        watch.check();
        watch.check();

        assertThat(watch.problem())
                .contains("conntrack holds 95 of 100 connections (nf_conntrack_max): the kernel drops new ones of all"
                        + " applications");
        assertThat(log).hasSize(1);
    }

    @Test
    void aTableThatIsNoLongerFullIsNoProblem() {
        usage = Optional.of(new ConntrackUsage(95, 100));
        watch.check();
        usage = Optional.of(new ConntrackUsage(94, 100));
        watch.check();

        assertThat(watch.problem()).isEmpty();
    }

    @Test
    void noTrackingIsNoProblem() {
        watch.check();

        assertThat(watch.problem()).isEmpty();
        assertThat(log).isEmpty();
    }
}
