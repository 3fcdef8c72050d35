package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.hop.LogLines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A part of interception, and a program that undoes each of its repairs, with a test clock. */
class InterceptionStateTest {
    private static final Optional<String> GONE = Optional.of("routes are gone");
    private static final Optional<String> OTHER = Optional.of("ip (process 7)");
    private static final Pattern NEXT_REPAIR =
            Pattern.compile("undone (\\d+) times in a row, next repair in (\\d+) ms");

    private final InterceptionState state = new InterceptionState(InterceptionPart.ROUTES);
    private final LogLines log = new LogLines(InterceptionWatcher.class);
    private long now = 1_000_000_000_000L;

    @AfterEach
    void end() {
        log.close();
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private void lose() {
        state.update(GONE, OTHER, now);
    }

    /** Advances the clock until the next repair is allowed, and makes it. */
    private Duration repair() {
        Duration left = state.backOff().left(now);
        pass(left);
        state.attempted(now);
        state.update(Optional.empty(), Optional.empty(), now);
        return left;
    }

    private List<Duration> repairsThatAreUndone(int count) {
        List<Duration> waits = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lose();
            waits.add(repair());
        }
        return waits;
    }

    private static Duration[] seconds(int... seconds) {
        return IntStream.of(seconds).mapToObj(Duration::ofSeconds).toArray(Duration[]::new);
    }

    @Test
    void aProgramThatUndoesEachRepairIsLeftAloneForLongerAndLongerUpToAMinute() {
        assertThat(repairsThatAreUndone(14)).containsExactly(seconds(0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60));

        assertThat(state.lost()).isEqualTo(14);
        assertThat(state.repaired()).isEqualTo(14);
    }

    @Test
    void eachLossReportsRepairsAndTheNextRepair() {
        repairsThatAreUndone(8);

        List<String> losses =
                log.take().stream().filter(line -> line.startsWith("WARN")).toList();
        assertThat(losses.getFirst())
                .isEqualTo("WARN interception lost: routes: routes are gone; last change by ip (process 7)");
        assertThat(losses.stream()
                        .map(NEXT_REPAIR::matcher)
                        .filter(Matcher::find)
                        .map(match -> match.group(1) + ": " + match.group(2)))
                .containsExactly("1: 0", "2: 0", "3: 0", "4: 0", "5: 1000", "6: 2000", "7: 4000");
    }

    @Test
    void aRepairThatIsUndoneWithinItsOwnCheckCountsAsUndoneToo() {
        repairsThatAreUndone(6);
        lose();
        pass(state.backOff().left(now));
        state.attempted(now);
        log.take();

        state.repairUndone(OTHER, now);

        assertThat(log.take())
                .containsExactly("WARN interception: repairs of routes were undone 7 times in a row,"
                        + " last change by ip (process 7), next repair in 4000 ms");
        assertThat(state.isWhole()).isFalse();
        assertThat(state.repaired()).isEqualTo(6);
    }

    @Test
    void afterAQuietTimeItBeginsFromTheStart() {
        repairsThatAreUndone(10);
        pass(Duration.ofMillis(1999));
        assertThat(repairsThatAreUndone(1)).containsExactly(Duration.ofMillis(30_001));

        pass(Duration.ofSeconds(2));
        log.take();

        assertThat(repairsThatAreUndone(7)).containsExactly(seconds(0, 0, 0, 0, 0, 1, 2));
        assertThat(log.take().getFirst()).doesNotContain("undone");
    }
}
