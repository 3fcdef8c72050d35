package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeapTrimTest {
    private static final long LIVE = 10 << 20;

    private long live = LIVE;
    private long heap = live;
    private long flows;
    private int collections;
    private final HeapTrim trim = new HeapTrim(() -> heap, () -> flows, this::collect);

    private void collect() {
        collections++;
        heap = live;
    }

    @Test
    void anIdleHeapIsCollectedOnce() {
        trim.check();
        trim.check();

        assertThat(collections).isEqualTo(1);
    }

    @Test
    void anIdleHeapIsCollectedAgainWhenItHasGrown() {
        trim.check();
        heap += HeapTrim.WORTH - 1;
        trim.check();
        assertThat(collections).isEqualTo(1);

        heap++;
        trim.check();

        assertThat(collections).isEqualTo(2);
    }

    /** A collection of a large heap stops all threads for longer. */
    @Test
    void aLargeHeapIsCollectedWhenItHasGrownByAQuarter() {
        live = 400 << 20;
        heap = live;
        trim.check();
        heap += live / 4 - 1;
        trim.check();
        assertThat(collections).isEqualTo(1);

        heap++;
        trim.check();

        assertThat(collections).isEqualTo(2);
    }

    /** A collection would delay the flows of a busy hop. */
    @Test
    void aBusyHopWaitsUntilItIsIdle() {
        flows += HeapTrim.FEW;
        trim.check();
        assertThat(collections).isZero();

        flows += HeapTrim.FEW - 1;
        trim.check();

        assertThat(collections).isEqualTo(1);
    }
}
