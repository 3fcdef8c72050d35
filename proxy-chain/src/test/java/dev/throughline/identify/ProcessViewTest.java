package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.originator.Credentials;
import org.junit.jupiter.api.Test;

class ProcessViewTest {
    /** A socket has the effective user of its process at creation, which may be the real user now. */
    @Test
    void aSocketIsOfTheRealUserOrOfTheEffectiveOne() {
        Credentials credentials = new Credentials(1000, 0, 100);

        assertThat(ProcessView.isOf(credentials, 1000)).isTrue();
        assertThat(ProcessView.isOf(credentials, 0)).isTrue();
        assertThat(ProcessView.isOf(credentials, 100)).isFalse();
    }
}
