package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeyCounterTest {
    /** Keys of few numbers, so that many differ in one of the three only. */
    @Test
    void countsLikeAMap() {
        Random random = new Random(1);
        for (int size = 1; size < 40; size++) {
            KeyCounter counter = new KeyCounter();
            Map<List<Long>, Integer> expected = new HashMap<>();
            for (int i = 0; i < 50 * size; i++) {
                List<Long> key = key(random, size);
                counter.increment(key.get(0), key.get(1), key.get(2));
                expected.merge(key, 1, Integer::sum);
                List<Long> any = key(random, size);
                assertThat(counter.count(any.get(0), any.get(1), any.get(2))).isEqualTo(expected.getOrDefault(any, 0));
            }
            assertThat(counter.size()).isEqualTo(expected.size());
            expected.forEach((key, count) -> assertThat(counter.count(key.get(0), key.get(1), key.get(2)))
                    .isEqualTo(count));
            assertThat(counter.firstNumbers())
                    .containsExactlyInAnyOrder(
                            expected.keySet().stream().mapToLong(List::getFirst).toArray());
        }
    }

    private static List<Long> key(Random random, int size) {
        long first = (long) random.nextInt(size) << (60 * random.nextInt(2));
        return List.of(first, random.nextLong(size), random.nextLong(2));
    }
}
