package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecentMapTest {
    private final RecentMap<Integer, String> map = new RecentMap<>(8);

    @Test
    void keepsTheFirstValueOfAKey() {
        assertThat(map.putIfAbsent(1, "one")).isNull();
        assertThat(map.putIfAbsent(1, "other")).isEqualTo("one");
        assertThat(map.get(1)).isEqualTo("one");
        assertThat(map.get(2)).isNull();
    }

    @Test
    void keepsTheEntriesThatAreUsed() {
        for (int i = 0; i < 1000; i++) {
            map.putIfAbsent(i, "value");
            assertThat(map.putIfAbsent(-1, i == 0 ? "used" : "other")).isEqualTo(i == 0 ? null : "used");
        }
        assertThat(map.get(-1)).isEqualTo("used");
    }

    @Test
    void dropsTheEntriesThatAreNot() {
        for (int i = 0; i < 1000; i++) {
            map.putIfAbsent(i, "value");
        }
        assertThat(IntStream.range(0, 996).filter(i -> map.get(i) != null).count())
                .isLessThanOrEqualTo(4);
        assertThat(map.get(999)).isEqualTo("value");
    }

    @Test
    void removesOnlyTheGivenValueFromBothGenerations() {
        for (int i = 0; i < 5; i++) {
            map.putIfAbsent(i, "value");
        }
        for (int key : new int[] {0, 4}) {
            map.remove(key, "other");
            assertThat(map.get(key)).isEqualTo("value");
            map.remove(key, "value");
            assertThat(map.get(key)).isNull();
        }
    }
}
