package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer.News.Limits;
import org.junit.jupiter.api.Test;

class AgentPlacesTest {
    @Test
    void whatTheAgentHasForOthersIsNotOursToGive() {
        assertThat(AgentPlaces.capacity(new Limits(512, 0, 0), 0)).isEqualTo(512);
        assertThat(AgentPlaces.capacity(new Limits(512, 100, 0), 100)).isEqualTo(512);
        assertThat(AgentPlaces.capacity(new Limits(512, 100, 0), 40)).isEqualTo(452);
    }

    @Test
    void aStartThatTheAgentHasNotCountedYetIsNobodyElses() {
        assertThat(AgentPlaces.capacity(new Limits(512, 3, 0), 5)).isEqualTo(512);
    }

    /** What waits is in use, and may be more than there is. */
    @Test
    void whereOthersHaveMoreThanThereIsNothingIsLeft() {
        assertThat(AgentPlaces.capacity(new Limits(512, 600, 88), 10)).isZero();
    }

    @Test
    void aSystemWithoutALimitHasPlacesForAll() {
        assertThat(AgentPlaces.capacity(new Limits(0, 3, 0), 0)).isEqualTo(Integer.MAX_VALUE);
    }
}
