package dev.throughline.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryTest {
    @Test
    void readsThePssAndNotItsParts() {
        long pss = Memory.parsePss(List.of(
                "55d0c8a00000-7ffd0a5f7000 ---p 00000000 00:00 0    [rollup]",
                "Rss:               10240 kB",
                "Pss:                8192 kB",
                "Pss_Anon:           4096 kB"));

        assertThat(pss).isEqualTo(8192 * 1024);
    }

    @Test
    void refusesARollupWithoutPss() {
        assertThatThrownBy(() -> Memory.parsePss(List.of("Rss: 10240 kB")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Pss:");
    }

    @Test
    void readsThisProcess() throws IOException {
        assertThat(Memory.pssBytes(List.of(ProcessHandle.current().pid()))).isGreaterThan(1_000_000);
    }
}
