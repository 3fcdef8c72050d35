package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.Person;
import dev.throughline.originator.Placement;
import dev.throughline.originator.ProcessIdentity;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Details can be closed, never changed. */
class DetailTest {
    private final Forge forge = Forge.of(3, false);
    private final Scene.Receiver vault = new Scene.Receiver();

    @Test
    void aClosedDetailLeavesTheSignaturesHoldingAndTheOriginatorWithoutIt() {
        forge.detail(1).close();
        forge.detail(3).close();

        ProcessIdentity who =
                verified(vault.receive(forge.bytes())).originator().identity();

        assertThat(who.code()).isEqualTo(Code.UNKNOWN);
        assertThat(who.placement()).isEqualTo(Scene.curl().placement());
        assertThat(who.person()).isEqualTo(Person.UNKNOWN);
        assertThat(who.process()).isEqualTo(Scene.curl().process());
    }

    @Test
    void allDetailsMayBeClosed() {
        forge.details.forEach(Forge.DetailForge::close);
        Verification.Verified verified = verified(vault.receive(forge.bytes()));
        assertThat(verified.originator().identity().placement()).isEqualTo(Placement.UNKNOWN);
        assertThat(verified.chain().origin().details()).allMatch(Detail.Closed.class::isInstance);
        assertThat(verified.chain().origin().details()).extracting(Detail::kind).containsExactly(Detail.Kind.values());
    }

    @Test
    void aHopMayContinueAChainWithAClosedDetail() {
        forge.detail(2).close();
        Verification.Verified received = verified(vault.receive(forge.bytes()));
        Signer signer = new Signer(Scene.key("vault"), new FixedRandom(""));
        Chain chain = signer.sign(signer.append(received, vaultToAttic()));
        Scene.Receiver attic = new Scene.Receiver().self("attic").socket(Scene.outgoing(3, false));
        assertThat(verified(attic.receive(Scene.header(chain))).originator()).isEqualTo(received.originator());
    }

    @Test
    void whoHoldsTheSaltCanShowLaterWhatWasClosed() {
        Forge.DetailForge code = forge.detail(1);
        byte[] committed = code.commitment();
        code.close();
        Detail received = verified(vault.receive(forge.bytes()))
                .chain()
                .origin()
                .details()
                .getFirst();
        assertThat(received.commitment()).isEqualTo(Bytes.copyOf(committed));
    }

    @Test
    void aChangedCommitmentIsRefused() {
        Forge honest = Forge.of(3, false);
        forge.detail(1).close();
        forge.detail(1).closedPayload[0] ^= 1;
        assertBadSignature(honest);
    }

    @Test
    void aChangedSaltIsRefused() {
        forge.detail(1).salt[15] ^= 1;
        assertBadSignature(Forge.of(3, false));
    }

    @Test
    void changedContentIsRefused() {
        forge.detail(1).set(1, "/usr/bin/ssh!".getBytes(StandardCharsets.US_ASCII));
        assertBadSignature(Forge.of(3, false));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aDetailThatIsLeftOutIsRefused(int place) {
        forge.details.remove(place);
        assertBadSignature(Forge.of(3, false));
    }

    @Test
    void aDetailThatIsAddedIsRefused() {
        Forge honest = Forge.of(3, false);
        honest.details.removeLast();
        assertBadSignature(honest);
    }

    @Test
    void theContentOfOneKindIsNotTheContentOfAnother() {
        Forge honest = Forge.of(3, false);
        honest.details.removeLast();
        honest.details.removeLast();
        forge.details.removeLast();
        forge.details.removeLast();
        forge.detail(1).kind = 3;
        assertBadSignature(honest);
    }

    @Test
    void anOpenDetailOfThirtyTwoBytesIsNotTheCommitmentThatItsBytesSpell() {
        Forge honest = Forge.of(3, false);
        honest.detail(3).set(1, "ada lovelace!".getBytes(StandardCharsets.US_ASCII));
        Forge.DetailForge person = forge.detail(3);
        person.form = 1;
        person.closedPayload = new byte[32];
        System.arraycopy(honest.detail(3).salt, 0, person.closedPayload, 0, 16);
        System.arraycopy(Bytes.ofHex("01000d").toByteArray(), 0, person.closedPayload, 16, 3);
        System.arraycopy("ada lovelace!".getBytes(StandardCharsets.US_ASCII), 0, person.closedPayload, 19, 13);
        assertBadSignature(honest);
    }

    /** The forge's chain under the signatures of {@code honest}. */
    private void assertBadSignature(Forge honest) {
        Chain signed = ((ChainRead.Found) ChainTlv.STANDARD.read(Scene.complete(honest.bytes()))).chain();
        for (int i = 0; i < 3; i++) {
            byte[] signature = signed.links().get(i).proof().signature().toByteArray();
            forge.link(i).signatureEdit = any -> signature;
        }
        assertThat(vault.receive(forge.bytes()))
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason())
                                .as(rejected.detail())
                                .isEqualTo(RejectReason.BAD_SIGNATURE));
    }

    private static LinkDraft vaultToAttic() {
        return Scene.draft(3, "attic", false);
    }
}
