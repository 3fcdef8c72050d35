package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private long nanos;
    private final List<String> notified = new ArrayList<>();
    private final Watchdog watchdog = new Watchdog(Map.of("event loop 1", tasks::add), notified::add, () -> nanos);

    private void checkAfter(int seconds) {
        nanos += TimeUnit.SECONDS.toNanos(seconds);
        watchdog.check();
    }

    @Test
    void saysWhichThreadHasNotRunAndForHowLong() {
        watchdog.check();
        checkAfter(4);
        assertThat(watchdog.stuck()).isEmpty();

        checkAfter(1);
        assertThat(watchdog.stuck()).containsExactly("event loop 1 has not run for 5 s");
        checkAfter(60);
        assertThat(watchdog.stuck()).containsExactly("event loop 1 has not run for 65 s");
        assertThat(tasks).as("a thread that doesn't run gets no further tasks").hasSize(1);
    }

    @Test
    void isContentOnceTheThreadRunsAgain() {
        watchdog.check();
        checkAfter(5);
        tasks.remove().run();

        checkAfter(1);
        assertThat(watchdog.stuck()).isEmpty();
    }

    @Test
    void theServiceManagerIsNotifiedOnlyWhileAllThreadsRun() {
        watchdog.check();
        checkAfter(4);
        assertThat(notified).containsExactly("WATCHDOG=1", "WATCHDOG=1");

        checkAfter(1);
        checkAfter(1);
        assertThat(notified).hasSize(2);

        tasks.remove().run();
        checkAfter(1);
        assertThat(notified).hasSize(3);
    }

    @Test
    void aThreadThatIsClosingIsNotStuck() {
        Watchdog closing = new Watchdog(
                Map.of("event loop 1", _ -> {
                    throw new RejectedExecutionException();
                }),
                notified::add,
                () -> nanos);
        closing.check();
        nanos += Watchdog.STUCK_NANOS;
        closing.check();

        assertThat(closing.stuck()).isEmpty();
    }
}
