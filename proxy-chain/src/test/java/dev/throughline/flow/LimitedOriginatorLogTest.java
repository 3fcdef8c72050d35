package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.budget.Account;
import dev.throughline.budget.Shortage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LimitedOriginatorLogTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final List<String> log = new ArrayList<>();
    private final LimitedOriginatorLog limited = new LimitedOriginatorLog(log::add);

    private static Account process(int pid) {
        return new Account("204db08d7af967c5", "1000", "/usr/bin/greedy", pid + "@1");
    }

    @Test
    void itIsSaidOnceAndOnceWhenItIsOver() {
        for (int i = 0; i < 5; i++) {
            limited.limited(process(i), "edge-1", new Shortage.Reserved("hop"), i * SECOND);
        }
        limited.look(63 * SECOND);
        assertThat(log)
                .containsExactly("/usr/bin/greedy of user 1000 on edge-1 is limited: the rest of hop is reserved for"
                        + " others");

        limited.look(64 * SECOND);
        limited.look(65 * SECOND);
        assertThat(log).hasSize(2);
        assertThat(log.getLast())
                .isEqualTo("/usr/bin/greedy of user 1000 on edge-1 is no longer limited: 5 flows were, in 4 s");

        limited.limited(process(9), "edge-1", new Shortage.Full("hop"), 66 * SECOND);
        assertThat(log).hasSize(3).last().asString().endsWith("is limited: hop is full");
    }

    @Test
    void notAllOfVeryManyAreLogged() {
        for (int i = 0; i < EpisodeLog.MAX + 10; i++) {
            limited.limited(new Account("edge-1", "" + i, "app", "1@1"), "edge-1", new Shortage.Full("hop"), 0);
        }
        assertThat(log).hasSize(EpisodeLog.MAX);
    }
}
