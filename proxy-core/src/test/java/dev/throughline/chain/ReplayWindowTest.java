package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ReplayWindowTest {
    private static final Instant NOW = Scene.NOW;
    private static final Instant EXPIRY = NOW.plusMillis(12_500);

    private final ReplayWindow window = new ReplayWindow(10);

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
            present(fresh, 1, 1, expiry, NOW);
            assertThat(present(fresh, 1, 1, expiry, expiry)).contains(RejectReason.REPLAYED);
        }
    }

    @Test
    void anExpiredChainIsRemovedAndFreesItsFlow() {
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
        for (int i = 0; i < 10; i++) {
            assertThat(presentFrom("hop-" + i, i)).isEmpty();
        }
        assertThat(presentFrom("hop-10", 10)).contains(RejectReason.REPLAY_STORE_FULL);
        assertThat(window.size()).isEqualTo(10);
        for (int i = 0; i < 10; i++) {
            assertThat(presentFrom("hop-" + i, i)).contains(RejectReason.REPLAYED);
        }
    }

    @Test
    void aFirstHopThatFloodsLeavesAFifthToTheOthers() {
        for (int i = 0; i < 8; i++) {
            assertThat(presentFrom("flood", i)).isEmpty();
        }
        assertThat(presentFrom("flood", 8)).contains(RejectReason.REPLAY_STORE_FULL);
        assertThat(presentFrom("other", 9)).isEmpty();
        assertThat(presentFrom("third", 10)).isEmpty();
    }

    @Test
    void aFirstHopHasItsShareAgainWhenItsChainsHaveExpired() {
        for (int i = 0; i < 8; i++) {
            presentFrom("flood", i);
        }
        Instant later = EXPIRY.plusSeconds(1);
        for (int i = 10; i < 18; i++) {
            assertThat(window.present(digest(i), HopId.of("flood"), origin(i), later.plusSeconds(12), later))
                    .isEmpty();
        }
    }

    @Test
    void flowsOfTwoHostsThatHaveTheSameIdAreCountedApart() {
        for (int i = 0; i < 3; i++) {
            assertThat(present(i, 7, EXPIRY, NOW)).isEmpty();
        }
        Originator elsewhere = origin(7, HostId.of("kiosk"));
        assertThat(window.present(digest(3), HopId.of("laptop"), elsewhere, EXPIRY, NOW))
                .isEmpty();
        assertThat(present(4, 7, EXPIRY, NOW)).contains(RejectReason.FLOW_REPEATED);
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
        assertThat(present(1, 1, EXPIRY, NOW)).contains(RejectReason.REPLAYED);
        assertThat(present(3, 3, EXPIRY, NOW)).isEmpty();
    }

    @Test
    void acceptsNewChainsAtOnceWhenAClockThatWasAheadIsCorrected() {
        present(1, 1, EXPIRY, NOW);
        Duration hour = Duration.ofHours(1);
        for (int second = 0; second < 20; second++) {
            present(
                    100 + second,
                    100,
                    EXPIRY.plus(hour).plusSeconds(second),
                    NOW.plus(hour).plusSeconds(second));
        }
        assertThat(present(2, 2, EXPIRY.plusSeconds(20), NOW.plusSeconds(20))).isEmpty();
    }

    @Test
    void chainsFromAClockThatWasAheadAreRemovedAfterItsCorrection() {
        Duration hour = Duration.ofHours(1);
        for (int i = 0; i < 8; i++) {
            present(i, i, EXPIRY.plus(hour), NOW.plus(hour));
        }
        assertThat(present(8, 8, EXPIRY.plus(hour), NOW.plus(hour))).contains(RejectReason.REPLAY_STORE_FULL);
        assertThat(present(9, 9, EXPIRY, NOW)).isEmpty();
        assertThat(window.size()).isEqualTo(1);
        assertThat(present(1, 1, EXPIRY.plus(hour), NOW.plus(hour))).contains(RejectReason.REPLAYED);
    }

    @Test
    void refusesWhatItCannotRememberAfterTheClockWentBack() {
        int many = 100;
        for (int i = 0; i < many; i++) {
            present(i, i, EXPIRY.plusSeconds(20L * i), NOW.plusSeconds(20L * i));
        }
        assertThat(present(0, 0, EXPIRY, NOW)).contains(RejectReason.EXPIRED);
        assertThat(present(many, many, EXPIRY.plusSeconds(5), NOW)).contains(RejectReason.EXPIRED);
        Instant last = EXPIRY.plusSeconds(20L * (many - 1));
        assertThat(present(many - 1, many - 1, last, last.minusSeconds(12))).contains(RejectReason.REPLAYED);
        assertThat(present(many, many, last.plusSeconds(5), last)).isEmpty();
    }

    /** Random flows, replays of them and steps of the clock, with more chains than it can remember. */
    @Test
    void noChainPassesTwiceWhateverTheClockDoes() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            ReplayWindow any = new ReplayWindow(1 + random.nextInt(40));
            List<Instant> expiries = new ArrayList<>();
            Set<Integer> passed = new HashSet<>();
            Instant now = NOW;
            for (int step = 0; step < 300; step++) {
                now = random.nextInt(10) == 0
                        ? now.plusSeconds(random.nextInt(7200) - 3600)
                        : now.plusMillis(random.nextInt(3000));
                if (expiries.isEmpty() || random.nextBoolean()) {
                    expiries.add(now.plusMillis(random.nextInt(14_000)));
                }
                int chain = random.nextInt(expiries.size());
                boolean fresh = !expiries.get(chain).isBefore(now)
                        && expiries.get(chain).isBefore(now.plusSeconds(14));
                if (fresh
                        && present(any, chain, chain, expiries.get(chain), now).isEmpty()) {
                    assertThat(passed.add(chain))
                            .describedAs("chain %s of seed %s", chain, seed)
                            .isTrue();
                }
            }
            assertThat(passed).describedAs("of seed %s", seed).isNotEmpty();
        }
    }

    @Test
    void eachChainPassesOnceAmongManyThreads() throws Exception {
        int chains = 200_000;
        ReplayWindow shared = new ReplayWindow(2 * chains);
        AtomicInteger passed = new AtomicInteger();
        List<Callable<Boolean>> threads = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            int first = thread * chains / 4;
            threads.add(() -> {
                for (int i = 0; i < chains; i++) {
                    int chain = (first + i) % chains;
                    if (present(shared, chain, chain, EXPIRY, NOW).isEmpty()) {
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
        return present(window, digest, flow, expiry, now);
    }

    private static Optional<RejectReason> present(
            ReplayWindow window, int digest, int flow, Instant expiry, Instant now) {
        return window.present(digest(digest), HopId.of("laptop"), origin(flow), expiry, now);
    }

    private Optional<RejectReason> presentFrom(String hop, int chain) {
        return window.present(digest(chain), HopId.of(hop), origin(chain), EXPIRY, NOW);
    }

    private static Bytes digest(int value) {
        return Bytes.copyOf(ByteBuffer.allocate(32).putInt(value).array());
    }

    private static Originator origin(int flow) {
        return origin(flow, Scene.HOST);
    }

    private static Originator origin(int flow, HostId host) {
        Originator any = Scene.originator(false);
        return new Originator(host, new FlowId(0, flow), any.observedAt(), any.tuple(), any.wayIn(), any.identity());
    }
}
