package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HeaderFailuresTest {
    private static final Peer ONE = peer(1);
    private static final Peer OTHER = peer(2);
    private static final int MAX_PEERS = 5;

    /** An arbitrary start, as of System.nanoTime, here near the overflow. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1000);

    private final HeaderFailures failures = new HeaderFailures(10, Duration.ofSeconds(10), MAX_PEERS, clock::get);

    private static Peer peer(int number) {
        return new Peer(InetAddresses.fromInteger(number), OptionalInt.empty());
    }

    private void fail(Peer peer, int times) {
        for (int i = 0; i < times; i++) {
            failures.ended(peer, CloseReason.HEADER_REJECTED);
        }
    }

    private boolean isRefused(Peer peer) {
        return failures.objection(peer).isPresent();
    }

    private void wait(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    @Test
    void onlyAPeerThatFailsTooOftenIsRefused() {
        fail(ONE, 9);
        assertThat(isRefused(ONE)).isFalse();
        fail(ONE, 1);

        assertThat(failures.objection(ONE)).hasValueSatisfying(refused -> {
            assertThat(refused.reason()).isEqualTo(CloseReason.HEADER_FAILURES);
            assertThat(refused.detail()).isEqualTo("peer 0.0.0.1: 10 headers failed in 10000 ms, retry in 1001 ms");
        });
        assertThat(isRefused(OTHER)).isFalse();
        assertThat(failures.count()).isEqualTo(10);
        assertThat(failures.peers()).isEqualTo(1);
    }

    @Test
    void aPeerThatFailedWhileTheClockWasWrongIsServedAgain() {
        fail(ONE, 10);
        failures.forgetAll();
        assertThat(isRefused(ONE)).isFalse();
        assertThat(failures.peers()).isZero();
        fail(ONE, 10);
        assertThat(isRefused(ONE)).isTrue();
    }

    @Test
    void aBucketThatIsEmptyGetsOneBackInATenthOfTheWindow() {
        fail(ONE, 10);
        wait(Duration.ofMillis(999));
        assertThat(isRefused(ONE)).isTrue();
        wait(Duration.ofMillis(1));

        assertThat(isRefused(ONE)).isFalse();
        fail(ONE, 1);
        assertThat(isRefused(ONE)).isTrue();
    }

    @Test
    void aPeerThatStopsFailingIsForgottenAfterTheWindow() {
        fail(ONE, 10);
        wait(Duration.ofSeconds(10));

        assertThat(failures.peers()).isZero();
        fail(ONE, 9);
        assertThat(isRefused(ONE)).isFalse();
    }

    /** Many may be read at the same time, and all fail. */
    @Test
    void howeverManyFailedThePeerIsHeardAgainAfterAboutOneWindow() {
        fail(ONE, 1_000);
        wait(Duration.ofSeconds(10));
        assertThat(isRefused(ONE)).isTrue();
        wait(Duration.ofSeconds(1));

        assertThat(isRefused(ONE)).isFalse();
    }

    @Test
    void aRefusalForFailuresIsNoFailure() {
        fail(ONE, 10);
        for (int i = 0; i < 100; i++) {
            failures.ended(ONE, CloseReason.HEADER_FAILURES);
        }
        wait(Duration.ofSeconds(1));

        assertThat(isRefused(ONE)).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void onlyAHeaderThatIsToBlameCounts(CloseReason reason) {
        failures.ended(ONE, reason);

        boolean counts = switch (reason) {
            case HEADER_MALFORMED,
                    HEADER_INCOMPLETE,
                    HEADER_TIMEOUT,
                    HEADER_REJECTED,
                    HEADER_SIGNED,
                    HEADER_WITHOUT_FLOW -> true;
            default -> false;
        };
        assertThat(failures.count()).isEqualTo(counts ? 1 : 0);
    }

    /** On a shared host, failures of another user must not affect the previous hop. */
    @Test
    void usersOfOneAddressAreCountedApart() {
        Peer hop = new Peer(ONE.network(), OptionalInt.of(990));
        fail(new Peer(ONE.network(), OptionalInt.of(1000)), 10);

        assertThat(isRefused(hop)).isFalse();
    }

    @Test
    void aFloodFromManyAddressesNeitherGrowsWithoutEndNorRefusesOthersNorFreesWhoIsRefused() {
        fail(ONE, 10);
        for (int i = 100; i < 10_000; i++) {
            fail(peer(i), 1);
        }

        assertThat(failures.peers()).isEqualTo(MAX_PEERS);
        assertThat(isRefused(ONE)).isTrue();
        assertThat(isRefused(OTHER)).isFalse();
    }

    /** Even the newest peer, if it has failed the least. */
    @Test
    void thePeerThatHasFailedLeastIsForgottenFirst() {
        for (int i = 1; i <= MAX_PEERS; i++) {
            fail(peer(i), 10);
        }
        fail(peer(6), 1);

        for (int i = 1; i <= MAX_PEERS; i++) {
            assertThat(isRefused(peer(i))).isTrue();
        }
        assertThat(failures.peers()).isEqualTo(MAX_PEERS);
    }
}
