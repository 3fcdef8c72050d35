package dev.throughline.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LatenciesTest {
    private final Latencies latencies = new Latencies();

    @Test
    void percentileIsAValueThatWasMeasured() {
        for (int i = 5_000; i >= 1; i--) {
            latencies.add(i);
        }

        assertThat(latencies.count()).isEqualTo(5_000);
        assertThat(latencies.percentile(50)).isEqualTo(2_500);
        assertThat(latencies.percentile(99)).isEqualTo(4_950);
        assertThat(latencies.percentile(100)).isEqualTo(5_000);
    }

    @Test
    void percentileOfNothingIsZero() {
        assertThat(latencies.percentile(99)).isZero();
    }
}
