package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClockWatchTest {
    private static final Instant START = Instant.parse("2027-01-01T00:00:00Z");

    private final LogLines log = new LogLines(ClockWatch.class);
    private Instant wall = START;
    private long boot = 123_456_789;
    private long monotonic = -55_555_555;
    private int bootReadings;
    /** The pause between two readings. */
    private Duration pause = Duration.ZERO;

    private final List<Instant> set = new ArrayList<>();
    private final ClockWatch watch = new ClockWatch(new WallClock(), this::readBoot, () -> monotonic, set::add);

    private final class WallClock extends Clock {
        @Override
        public Instant instant() {
            pass(pause);
            Instant now = wall;
            pass(pause);
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    @AfterEach
    void stop() {
        log.close();
    }

    private long readBoot() {
        bootReadings++;
        return boot;
    }

    private void pass(Duration time) {
        suspend(time);
        monotonic += time.toNanos();
    }

    private void suspend(Duration time) {
        wall = wall.plus(time);
        boot += time.toNanos();
    }

    @Test
    void saysNothingWhileTimePasses() {
        for (int i = 0; i < 1000; i++) {
            pass(Duration.ofMillis(977).multipliedBy(i));
            watch.check();
        }
        assertThat(set).isEmpty();
        assertThat(log.take()).isEmpty();
    }

    @Test
    void reportsEachStepOnceWithItsDirection() {
        wall = wall.minusSeconds(3600);
        watch.check();
        watch.check();
        assertThat(set).containsExactly(START.minusSeconds(3600));
        assertThat(log.take())
                .containsExactly("WARN clock stepped back by 3600.0 s: headers issued before"
                        + " 2026-12-31T23:00:00Z are rejected, as after a restart");
        pass(Duration.ofMinutes(1));
        wall = wall.plusMillis(3_600_500);
        watch.check();
        assertThat(log.take()).singleElement().asString().startsWith("WARN clock stepped forward by 3600.5 s");
        assertThat(set).hasSize(2);
        assertThat(watch.stepsBack()).isEqualTo(1);
        assertThat(watch.stepsForward()).isEqualTo(1);
    }

    @Test
    void noticesSmallStepsOnceTheyAddUp() {
        for (int i = 0; i < 4; i++) {
            wall = wall.minusMillis(120);
            watch.check();
        }
        assertThat(set).isEmpty();
        wall = wall.minusMillis(120);
        watch.check();
        assertThat(set).hasSize(1);
    }

    @Test
    void aThreadThatPausesBetweenItsReadingsSeesNoStep() {
        pause = Duration.ofSeconds(20);
        watch.check();
        assertThat(set).isEmpty();
        wall = wall.minusSeconds(3600);
        watch.check();
        assertThat(set).hasSize(1);
    }

    @Test
    void readsTheBootClockOnlyAfterAStepOrASuspension() {
        int before = bootReadings;
        pass(Duration.ofHours(1));
        watch.check();
        assertThat(bootReadings).isEqualTo(before);
        suspend(Duration.ofHours(1));
        watch.check();
        int after = bootReadings;
        assertThat(after).isGreaterThan(before);
        watch.check();
        assertThat(bootReadings).isEqualTo(after);
        assertThat(set).isEmpty();
    }

    @Test
    void noticesAStepAfterASuspension() {
        suspend(Duration.ofHours(1));
        wall = wall.minusSeconds(60);
        watch.check();
        assertThat(set).hasSize(1);
        wall = wall.plusSeconds(60);
        watch.check();
        assertThat(set).hasSize(2);
    }

    @Test
    void noticesWithinASecondThatTheClockWasSetBackByAsMuchAsTheHostWasSuspended() {
        suspend(Duration.ofSeconds(60));
        wall = wall.minusSeconds(60);
        watch.check();
        assertThat(set).isEmpty();
        watch.checkAgain();
        assertThat(set).hasSize(1);
        watch.check();
        assertThat(set).hasSize(1);
    }
}
