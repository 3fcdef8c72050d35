package dev.throughline.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class QuartilesTest {
    @Test
    void interpolatesBetweenNeighbours() {
        assertThat(Quartiles.of(4, 1, 3, 2)).isEqualTo(new Quartiles(1.75, 2.5, 3.25));
        assertThat(Quartiles.of(5, 1, 3, 2, 4)).isEqualTo(new Quartiles(2, 3, 4));
    }

    @Test
    void ofOneValueAreThatValue() {
        assertThat(Quartiles.of(7)).isEqualTo(new Quartiles(7, 7, 7));
    }

    @Test
    void dividesPairsBeforeItSorts() {
        assertThat(Quartiles.ofRatios(List.of(10.0, 2.0, 30.0), List.of(10.0, 1.0, 10.0)))
                .isEqualTo(new Quartiles(1.5, 2, 2.5));
    }

    @Test
    void refusesValuesWithoutPair() {
        assertThatThrownBy(() -> Quartiles.ofRatios(List.of(1.0), List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void bandCoversChanceInBothDirections() {
        assertThat(new Quartiles(0.98, 1.0, 1.07).band()).isEqualTo(1.07);
        assertThat(new Quartiles(0.8, 1.0, 1.05).band()).isEqualTo(1.25, within(1e-9));
    }

    @Test
    void bandIsNeverNarrowerThanFivePercent() {
        assertThat(new Quartiles(1.02, 1.03, 1.04).band()).isEqualTo(1.05);
    }

    @Test
    void thereIsAVerdictOnlyBeyondTheBand() {
        assertThat(Quartiles.of(1.04).isBeyond(1.05)).isFalse();
        assertThat(Quartiles.of(0.96).isBeyond(1.05)).isFalse();
        assertThat(Quartiles.of(1.06).isBeyond(1.05)).isTrue();
        assertThat(Quartiles.of(0.94).isBeyond(1.05)).isTrue();
    }
}
