package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SigningPaceTest {
    private static final Duration INTERVAL = Duration.ofNanos(500);

    @Test
    void afterAnIdleMomentTheTurnIsNow() {
        SigningPace pace = new SigningPace(INTERVAL, 1_000);
        assertThat(pace.take(1_000)).isEqualTo(1_000);
        assertThat(pace.take(1_500)).isEqualTo(1_500);
        assertThat(pace.take(9_000)).isEqualTo(9_000);
    }

    @Test
    void underLoadTurnsAreAnIntervalApart() {
        SigningPace pace = new SigningPace(INTERVAL, 1_000);
        assertThat(pace.take(1_000)).isEqualTo(1_000);
        assertThat(pace.take(1_001)).isEqualTo(1_500);
        assertThat(pace.take(1_002)).isEqualTo(2_000);
        assertThat(pace.take(1_999)).isEqualTo(2_500);
    }

    /** System.nanoTime() may begin at any value and overflow. */
    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE - 100, Long.MIN_VALUE, -1, 0})
    void theClockMayBeginAnywhere(long now) {
        SigningPace pace = new SigningPace(INTERVAL, now);
        assertThat(pace.take(now)).isEqualTo(now);
        assertThat(pace.take(now + 1)).isEqualTo(now + 500);
        assertThat(pace.take(now + 2_000)).isEqualTo(now + 2_000);
    }

    @Test
    void withoutAnIntervalEveryTurnIsNow() {
        SigningPace pace = new SigningPace(Duration.ZERO, 0);
        assertThat(pace.take(5)).isEqualTo(5);
        assertThat(pace.take(5)).isEqualTo(5);
    }
}
