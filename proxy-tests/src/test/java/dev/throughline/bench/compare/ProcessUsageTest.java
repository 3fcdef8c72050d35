package dev.throughline.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessUsageTest {
    /** A command may contain spaces and parentheses. Its user time is 150 ticks and its system time 50 ticks. */
    private static final String STAT =
            "4711 (a) b) S 1 4711 4711 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 3 0 1234 1000000 500";

    @Test
    void takesTheSumOverThreadsWhichIsFiner() {
        ProcessUsage usage = ProcessUsage.parse(STAT, List.of("1500000001 7 9\n", "504000000 0 1\n"));

        assertThat(usage).isEqualTo(new ProcessUsage(2_004_000_001L, 1_500_000_000L, 500_000_000L));
    }

    @Test
    void takesTheProcessTotalIfThreadsHaveEnded() {
        ProcessUsage usage = ProcessUsage.parse(STAT, List.of("1500000001 7 9\n"));

        assertThat(usage.nanos()).isEqualTo(2_000_000_000L);
    }

    @Test
    void readsThisProcess() throws IOException {
        ProcessUsage before = ProcessUsage.of(List.of(ProcessHandle.current().pid()));
        long end = System.nanoTime() + 50_000_000;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }

        ProcessUsage spent =
                ProcessUsage.of(List.of(ProcessHandle.current().pid())).minus(before);

        assertThat(spent.nanos()).isPositive();
    }

    @Test
    void addsProcesses() {
        ProcessUsage one = new ProcessUsage(3, 2, 1);

        assertThat(one.plus(one)).isEqualTo(new ProcessUsage(6, 4, 2));
        assertThat(one.plus(one).minus(one)).isEqualTo(one);
    }
}
