package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import org.junit.jupiter.api.Test;

class AgentSlotsTest {
    @Test
    void slotsThatTheAgentUsesForOthersAreNotAvailable() {
        assertThat(AgentSlots.capacity(new Limits(512, 0, 0), 0)).isEqualTo(512);
        assertThat(AgentSlots.capacity(new Limits(512, 100, 0), 100)).isEqualTo(512);
        assertThat(AgentSlots.capacity(new Limits(512, 100, 0), 40)).isEqualTo(452);
    }

    @Test
    void aStartThatTheAgentHasNotCountedYetUsesASlot() {
        assertThat(AgentSlots.capacity(new Limits(512, 3, 0), 5)).isEqualTo(512);
    }

    /** Waiting connections are in use, and may exceed the capacity. */
    @Test
    void whereOthersHaveMoreThanThereIsNothingIsLeft() {
        assertThat(AgentSlots.capacity(new Limits(512, 600, 88), 10)).isZero();
    }

    @Test
    void aSystemWithoutALimitHasSlotsForAll() {
        assertThat(AgentSlots.capacity(new Limits(0, 3, 0), 0)).isEqualTo(Integer.MAX_VALUE);
    }
}
