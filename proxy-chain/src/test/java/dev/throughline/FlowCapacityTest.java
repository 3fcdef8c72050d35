package dev.throughline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Flows never take more descriptors than there are. */
class FlowCapacityTest {
    private static final int FLOWS = 8000;
    private static final int WAITING = 1024;

    @ParameterizedTest
    @CsvSource({"256, 70", "1024, 70", "1024, 300", "4096, 80", "20000, 80", "1048576, 90"})
    void whatHasAPlaceWaitsOrArrivesFitsBesideWhatIsOpen(long limit, long open) {
        FlowCapacity fits = FlowCapacity.of(FLOWS, WAITING, limit, open);

        long withoutPlace = fits.rows() - fits.places();
        assertThat(open + FlowCapacity.RESERVE + 2L * fits.places() + withoutPlace)
                .isLessThanOrEqualTo(limit);
        assertThat(fits.waiting()).isBetween(8, WAITING);
    }

    /** An application that has the maximum of waiting flows must not block the arrival of others. */
    @ParameterizedTest
    @CsvSource({"8, 1024, 1048576", "64, 1024, 4096", "2000, 1024, 1048576", "8000, 100000, 1048576", "8000, 1024, 256"
    })
    void thereIsRoomForArrivalsBesideAllThatWait(int flows, int waiting, long limit) {
        FlowCapacity fits = FlowCapacity.of(flows, waiting, limit, 70);

        assertThat(fits.rows() - fits.places() - fits.waiting()).isGreaterThanOrEqualTo(8);
    }

    @Test
    void asManyAsAreConfiguredWhereTheyFit() {
        assertThat(FlowCapacity.of(FLOWS, WAITING, 1_048_576, 90))
                .isEqualTo(new FlowCapacity(FLOWS, WAITING, FLOWS + WAITING + 1064))
                .isEqualTo(FlowCapacity.of(FLOWS, WAITING));
    }

    @Test
    void fewAreNotWasted() {
        assertThat(FlowCapacity.of(FLOWS, WAITING, 256, 70).places()).isBetween(75, 92);
    }

    @Test
    void oneFlowIsAlwaysTried() {
        assertThat(FlowCapacity.of(FLOWS, WAITING, 64, 90).places()).isEqualTo(1);
    }
}
