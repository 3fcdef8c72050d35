package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.originator.HopId;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A header from a capture is verified at the time of its last link and for its own audience. */
class CaptureTest {
    private final Forge forge = Forge.of(3, false);

    @Test
    void canBeVerifiedRepeatedly() {
        for (int i = 0; i < 3; i++) {
            assertThat(genuine(capture()).originator()).isEqualTo(Scene.originator(false));
        }
    }

    @Test
    void isForAnyAudience() {
        forge.link(2).audience = HopId.of("office");
        genuine(capture());
    }

    @Test
    void takesAsManyHopsAsCanBeRead() {
        CaptureCheck eight = Verifier.verifyCapture(
                Scene.complete(Forge.of(8, false).bytes()), Scene.trust(), ChainTlv.STANDARD, Scene.SKEW);
        assertThat(genuine(eight).links()).hasSize(8);
    }

    @Test
    void needsItsSignatures() {
        forge.link(1).forger = Scene.key("stranger");
        assertRejected(RejectReason.BAD_SIGNATURE);
    }

    @Test
    void needsKeysThatWereValidThen() {
        forge.link(0).signedBy("laptop (future)");
        assertRejected(RejectReason.KEY_NOT_VALID_NOW);
    }

    @Test
    void needsItsLinksToFollowOneAnother() {
        forge.link(0).issuedAt = Scene.issuedAt(1).minusMillis(12001);
        assertRejected(RejectReason.STALE_LINK);
    }

    @Test
    void isRefusedWithoutAChainLikeAnyHeader() {
        forge.fragmentEdit = fragments -> List.of();
        assertRejected(RejectReason.UNSIGNED);
    }

    @Test
    void isRefusedWithAChainThatCannotBeReadLikeAnyHeader() {
        forge.link(1).egress = 0;
        assertRejected(RejectReason.MALFORMED);
    }

    @Test
    void isRefusedIfLocalLikeAnyHeader() {
        forge.versionCommand = 0x20;
        assertRejected(RejectReason.LOCAL_NOT_ALLOWED);
    }

    @Test
    void claimsAreNotPartOfTheText() {
        Chain chain = Scene.chain(1, false);
        assertThat(chain.origin().claim()).hasToString("claimed, not verified");
    }

    static CaptureCheck.Genuine genuine(CaptureCheck check) {
        assertThat(check).isInstanceOf(CaptureCheck.Genuine.class);
        return (CaptureCheck.Genuine) check;
    }

    private CaptureCheck capture() {
        return Verifier.verifyCapture(Scene.complete(forge.bytes()), Scene.trust(), ChainTlv.STANDARD, Scene.SKEW);
    }

    private void assertRejected(RejectReason reason) {
        assertThat(capture())
                .isInstanceOfSatisfying(
                        CaptureCheck.Refused.class,
                        refused -> assertThat(refused.why().reason()).isEqualTo(reason));
    }
}
