package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ReplayWindowTest {
    private static final Instant NOW = Scene.NOW;
    private static final Instant EXPIRY = NOW.plusMillis(12_500);

    private final ReplayWindow window = new ReplayWindow(5);

    @Test
    void aChainPassesOnceUntilItExpires() {
        assertThat(present(1, 1, EXPIRY, NOW)).isEmpty();
        assertThat(present(1, 1, EXPIRY, NOW)).contains(RejectReason.REPLAYED);
        assertThat(present(1, 1, EXPIRY, EXPIRY)).contains(RejectReason.REPLAYED);
    }

    @Test
    void aChainIsRememberedToTheLastInstantOfItsLifeWhereverTheSecondsFall() {
        for (int millis = 0; millis < 1000; millis += 111) {
            ReplayWindow fresh = new ReplayWindow(5);
            Instant expiry = EXPIRY.plusMillis(millis);
            fresh.present(digest(1), flow(1), expiry, NOW);
            assertThat(fresh.present(digest(1), flow(1), expiry, expiry)).contains(RejectReason.REPLAYED);
        }
    }

    @Test
    void anExpiredChainLeavesAndGivesItsPlaceAndItsFlowBack() {
        for (int i = 0; i < ReplayWindow.FLOW_LIMIT; i++) {
            assertThat(present(i, 1, EXPIRY, NOW)).isEmpty();
        }
        assertThat(window.size()).isEqualTo(3);
        Instant later = EXPIRY.plusSeconds(1);
        assertThat(present(8, 8, later.plusSeconds(12), later)).isEmpty();
        assertThat(window.size()).isEqualTo(1);
        Instant flowsAreOver = EXPIRY.plusSeconds(8);
        assertThat(present(9, 1, flowsAreOver.plusSeconds(12), flowsAreOver)).isEmpty();
    }

    @Test
    void aFlowPassesThreeTimes() {
        for (int i = 0; i < 3; i++) {
            assertThat(present(i, 7, EXPIRY.plusSeconds(i), NOW)).isEmpty();
        }
        assertThat(present(3, 7, EXPIRY, NOW)).contains(RejectReason.FLOW_REPEATED);
        assertThat(present(4, 8, EXPIRY, NOW)).isEmpty();
    }

    @Test
    void aFlowIsCountedDownAsItsChainsExpireOneByOneAtMostEightSecondsLater() {
        assertThat(present(1, 7, EXPIRY, NOW)).isEmpty();
        assertThat(present(2, 7, EXPIRY.plusSeconds(9), NOW)).isEmpty();
        assertThat(present(3, 7, EXPIRY.plusSeconds(9), NOW)).isEmpty();
        Instant firstIsOver = EXPIRY.plusSeconds(8);
        assertThat(present(4, 7, firstIsOver.plusSeconds(9), firstIsOver)).isEmpty();
        assertThat(present(5, 7, firstIsOver.plusSeconds(9), firstIsOver)).contains(RejectReason.FLOW_REPEATED);
    }

    @Test
    void aFullWindowRefusesAndForgetsNothing() {
        for (int i = 0; i < 5; i++) {
            assertThat(present(i, i, EXPIRY, NOW)).isEmpty();
        }
        assertThat(present(5, 5, EXPIRY, NOW)).contains(RejectReason.REPLAY_STORE_FULL);
        assertThat(window.size()).isEqualTo(5);
        for (int i = 0; i < 5; i++) {
            assertThat(present(i, i, EXPIRY, NOW)).contains(RejectReason.REPLAYED);
        }
    }

    @Test
    void aRefusedChainIsNotCounted() {
        for (int i = 0; i < 3; i++) {
            present(i, 7, EXPIRY, NOW);
        }
        present(3, 7, EXPIRY, NOW);
        assertThat(window.size()).isEqualTo(3);
    }

    @Test
    void aClockThatGoesBackBringsNothingBack() {
        present(1, 1, EXPIRY, NOW);
        Instant later = EXPIRY.plusSeconds(1);
        assertThat(present(2, 2, later.plusSeconds(12), later)).isEmpty();
        assertThat(present(1, 1, EXPIRY, NOW)).contains(RejectReason.EXPIRED);
        assertThat(present(3, 3, EXPIRY.plusSeconds(1), NOW)).isEmpty();
    }

    @Test
    void ofManyThreadsWithTheSameChainsOnePassesEach() throws Exception {
        int chains = 200_000;
        ReplayWindow shared = new ReplayWindow(chains);
        AtomicInteger passed = new AtomicInteger();
        List<Callable<Boolean>> threads = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            int first = thread * chains / 4;
            threads.add(() -> {
                for (int i = 0; i < chains; i++) {
                    int chain = (first + i) % chains;
                    if (shared.present(digest(chain), flow(chain), EXPIRY, NOW).isEmpty()) {
                        passed.incrementAndGet();
                    }
                }
                return true;
            });
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
            for (Future<Boolean> result : pool.invokeAll(threads)) {
                assertThat(result.get()).isTrue();
            }
        }
        assertThat(passed).hasValue(chains);
        assertThat(shared.size()).isEqualTo(chains);
    }

    private Optional<RejectReason> present(int digest, int flow, Instant expiry, Instant now) {
        return window.present(digest(digest), flow(flow), expiry, now);
    }

    private static Bytes digest(int value) {
        return Bytes.copyOf(new byte[] {(byte) (value >> 16), (byte) (value >> 8), (byte) value});
    }

    private static FlowId flow(int value) {
        return new FlowId(0, value);
    }
}
