package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackOffTest {
    private static final long START = 1_000_000_000_000L;

    private final BackOff backOff = new BackOff();

    private static long at(double seconds) {
        return START + (long) (seconds * 1e9);
    }

    @Test
    void fiveRepairsAreMadeAtOnceAndThoseThatAreUndoneAfterThemLaterAndLater() {
        for (int i = 0; i < 5; i++) {
            assertThat(backOff.left(at(0))).isZero();
            backOff.attempted(at(0));
            backOff.lost(at(0.1));
        }
        assertThat(backOff.left(at(0.1))).isEqualTo(Duration.ofMillis(900));
        backOff.attempted(at(1));
        backOff.lost(at(1.1));
        assertThat(backOff.left(at(1))).isEqualTo(Duration.ofSeconds(2));
        for (int i = 0; i < 40; i++) {
            backOff.attempted(at(2));
        }
        assertThat(backOff.left(at(2))).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void aRepairThatLastedBeginsFromTheStart() {
        backOff.attempted(at(0));
        backOff.attempted(at(1));
        backOff.lost(at(4));
        assertThat(backOff.attempts()).isZero();
        assertThat(backOff.left(at(4))).isZero();
    }

    @Test
    void aFailedRepairIsTriedEachSecond() {
        for (int i = 0; i < 5; i++) {
            backOff.attempted(at(i));
            backOff.failed();
            assertThat(backOff.left(at(i))).isEqualTo(Duration.ofSeconds(1));
        }
        assertThat(backOff.attempts()).isZero();
    }
}
