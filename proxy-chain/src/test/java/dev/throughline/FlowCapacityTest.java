package dev.throughline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Flows never take more descriptors than there are. */
class FlowCapacityTest {
    @ParameterizedTest
    @CsvSource({"256, 70", "1024, 70", "1024, 300", "4096, 80", "20000, 80", "1048576, 90"})
    void whatHasAPlaceAndWhatArrivesFitsBesideWhatIsOpen(long limit, long open) {
        FlowCapacity fits = FlowCapacity.of(8000, limit, open);

        long arriving = fits.rows() - fits.places();
        assertThat(open + FlowCapacity.RESERVE + 2L * fits.places() + arriving).isLessThanOrEqualTo(limit);
        assertThat(arriving).isBetween(8L, 8000L / 8 + 64);
    }

    @Test
    void asManyAsAreConfiguredWhereTheyFit() {
        assertThat(FlowCapacity.of(8000, 1_048_576, 90)).isEqualTo(new FlowCapacity(8000, 8000 + 1064));
        assertThat(FlowCapacity.of(8000, Long.MAX_VALUE, 90).places()).isEqualTo(8000);
    }

    @Test
    void fewAreNotWasted() {
        assertThat(FlowCapacity.of(8000, 256, 70).places()).isBetween(75, 92);
    }

    @Test
    void oneFlowIsAlwaysTried() {
        assertThat(FlowCapacity.of(8000, 64, 90).places()).isEqualTo(1);
    }
}
