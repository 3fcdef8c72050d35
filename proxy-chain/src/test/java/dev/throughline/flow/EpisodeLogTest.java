package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EpisodeLogTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final String LIMITED = "flows are limited";

    private final List<String> log = new ArrayList<>();
    private final EpisodeLog episodes = new EpisodeLog(log::add);

    @Test
    void logsTheFirstEventAndTheEndOfTheEpisode() {
        for (int i = 0; i < 5; i++) {
            String why = i == 0 ? "hop is full" : "another reason";
            episodes.record("user 1000 on edge-1", LIMITED, () -> why, i * SECOND);
        }
        episodes.endQuiet(63 * SECOND);
        assertThat(log).containsExactly("user 1000 on edge-1: flows are limited: hop is full");

        episodes.endQuiet(64 * SECOND);
        episodes.endQuiet(65 * SECOND);
        assertThat(log)
                .hasSize(2)
                .last()
                .isEqualTo("user 1000 on edge-1: recovered: flows are limited, 5 times in 4 s");

        episodes.record("user 1000 on edge-1", LIMITED, () -> "hop is full", 66 * SECOND);
        assertThat(log).hasSize(3).last().isEqualTo("user 1000 on edge-1: flows are limited: hop is full");
    }

    @Test
    void twoEffectsOnOneSubjectAreTwoEpisodes() {
        episodes.record("transport bsd-socket", "flows end with no-ports", () -> "no port", 0);
        episodes.record("transport bsd-socket", "flows end with no-descriptors", () -> "no descriptor", 0);

        assertThat(log).hasSize(2);
    }

    @Test
    void logsNoMoreThanTheLimitAtOnce() {
        for (int i = 0; i < EpisodeLog.MAX + 10; i++) {
            episodes.record("user " + i, LIMITED, () -> "hop is full", 0);
        }
        assertThat(log).hasSize(EpisodeLog.MAX);
    }
}
