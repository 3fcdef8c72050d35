package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Replays: a header is presented again, too late, too early or after the clock changed, or the replay window is flooded. See
 * {@link HeaderAttack}.
 */
class ReplayAttackTest extends HeaderAttack {
    /** The header was accepted once. Then bytes that aren't signed are changed. */
    @Nested
    class ReplayInAnotherEncoding {
        @Test
        void unchanged() {
            verified(vault.receive(captured.bytes()));
            assertThat(vault.receive(captured.bytes()))
                    .isEqualTo(new Verification.Rejected(
                            RejectReason.REPLAYED, 2, "flow " + Scene.FLOW + ", signed first by laptop"));
        }

        @Test
        void withADetailClosed() {
            verified(vault.receive(captured.bytes()));
            captured.detail(3).close();
            assertRejected(RejectReason.REPLAYED, captured);
        }

        @Test
        void withOtherTlvsAroundTheChain() {
            verified(vault.receive(captured.bytes()));
            captured.after.add(Forge.tlv(0x04, "00"));
            captured.checksum = true;
            assertRejected(RejectReason.REPLAYED, captured);
        }
    }

    @Nested
    class ReplayLater {
        @Test
        void afterTheHeaderExpired() {
            Instant end = Scene.issuedAt(2).plus(Scene.TTL).plus(Scene.SKEW);
            verified(new Scene.Receiver().now(end).receive(captured.bytes()));
            vault.now(end.plusMillis(1));
            assertRejected(RejectReason.EXPIRED, captured);
        }

        /** A hop kept the link of an earlier hop, and appends a new one to it. */
        @Test
        void ofAnOldLinkUnderAFreshOne() {
            captured.link(0).issuedAt = Scene.issuedAt(1).minus(Scene.TTL).minus(Scene.SKEW);
            verified(new Scene.Receiver().receive(captured.bytes()));
            captured.link(0).issuedAt = captured.link(0).issuedAt.minusMillis(1);
            assertRejected(RejectReason.STALE_LINK, captured);
        }
    }

    /** A header is made today for use at a later time. */
    @Nested
    class HeaderFromTheFuture {
        @Test
        void byItsLastLink() {
            captured.link(2).issuedAt = Scene.NOW.plus(Scene.SKEW);
            verified(new Scene.Receiver().receive(captured.bytes()));
            captured.link(2).issuedAt = Scene.NOW.plus(Scene.SKEW).plusMillis(1);
            assertRejected(RejectReason.FROM_THE_FUTURE, captured);
        }

        @Test
        void byAnEarlierLink() {
            vault.skew(Duration.ZERO);
            captured.link(0).issuedAt = Scene.NOW;
            captured.link(1).issuedAt = Scene.NOW.plusMillis(1);
            captured.link(2).issuedAt = Scene.NOW.plusMillis(1);
            assertRejected(RejectReason.FROM_THE_FUTURE, captured);
        }
    }

    @Nested
    class ReplayAfterTheClockWentBack {
        /** The receiver has forgotten the header in the meantime. */
        @Test
        void ofAHeaderThatHadExpired() {
            verified(vault.receive(captured.bytes()));
            Forge later = Forge.of(3, false);
            Duration day = Duration.ofDays(1);
            later.links.forEach(link -> link.issuedAt = link.issuedAt.plus(day));
            verified(vault.now(Scene.NOW.plus(day)).receive(later.bytes()));

            vault.now(Scene.NOW);
            assertRejected(RejectReason.REPLAYED, captured);
        }

        /** The hop started with a clock that was ahead; the correction counts as its start. */
        @Test
        void ofAHeaderFromWhileTheClockWasAhead() {
            Duration hour = Duration.ofHours(1);
            vault.started(Scene.STARTED.plus(hour)).now(Scene.NOW.plus(hour));
            Forge ahead = Forge.of(3, false);
            ahead.links.forEach(link -> link.issuedAt = link.issuedAt.plus(hour));
            verified(vault.receive(ahead.bytes()));

            verified(vault.started(Scene.STARTED).now(Scene.NOW).receive(captured.bytes()));
            vault.now(Scene.NOW.plus(hour));
            assertRejected(RejectReason.REPLAYED, ahead);
        }
    }

    @Nested
    class FloodedReplayWindow {
        /** The attacker has a key. Further headers are rejected, because a full window forgets nothing. */
        @Test
        void forgetsNothing() {
            vault.window(new ReplayWindow(1));
            verified(vault.receive(captured.bytes()));
            for (int i = 1; i <= 10; i++) {
                Forge more = Forge.of(3, false);
                more.set(2, "0%x".formatted(i).repeat(16).substring(0, 32));
                assertRejected(RejectReason.REPLAY_STORE_FULL, more);
            }
            assertRejected(RejectReason.REPLAYED, captured);
        }

        /** One first hop gets four fifths of the window at most. */
        @Test
        void leavesAFifthToOtherOrigins() {
            vault.window(new ReplayWindow(10));
            int passed = 0;
            for (int i = 1; i <= 10; i++) {
                Forge more = Forge.of(3, false);
                more.set(2, "0%x".formatted(i).repeat(16).substring(0, 32));
                passed += vault.receive(more.bytes()) instanceof Verification.Verified ? 1 : 0;
            }
            assertThat(passed).isEqualTo(8);
            verified(vault.socket(Scene.outgoing(2, false)).receive(kiosk().bytes()));
        }

        /** Returns a header of another host, whose first hop has its own key. */
        private static Forge kiosk() {
            Forge forge = Forge.of(3, false);
            forge.link(0).signedBy("kiosk");
            forge.set(1, "%016x".formatted(HostId.of("kiosk").value()));
            return forge;
        }

        /** A signer chooses flow ids that all have the same hash code. */
        @Test
        void isNotSlowedDownByChosenFlowIds() {
            int chains = 20_000;
            ReplayWindow window = new ReplayWindow(2 * chains);
            Originator any = Scene.originator(false);
            HopId laptop = HopId.of("laptop");
            FixedRandom random = new FixedRandom("chosen flow ids");
            assertTimeoutPreemptively(Duration.ofSeconds(8), () -> {
                for (int i = 0; i < chains; i++) {
                    long high = Integer.toUnsignedLong(random.nextInt());
                    long low = Integer.toUnsignedLong(random.nextInt());
                    FlowId chosen = new FlowId(high << 32 | high, low << 32 | low);
                    Originator origin = new Originator(
                            any.host(), chosen, any.observedAt(), any.tuple(), any.wayIn(), any.identity());
                    assertThat(window.present(Bytes.copyOf(random.take(32)), laptop, origin, Scene.NOW, Scene.NOW))
                            .isEmpty();
                }
            });
        }
    }
}
