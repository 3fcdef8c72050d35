package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import org.junit.jupiter.api.Test;

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
        assertThat(who.workload()).isEqualTo(Scene.curl().workload());
        assertThat(who.processContext()).isEqualTo(ProcessContext.UNKNOWN);
        assertThat(who.process()).isEqualTo(Scene.curl().process());
    }

    @Test
    void allDetailsMayBeClosed() {
        forge.details.forEach(Forge.DetailForge::close);
        Verification.Verified verified = verified(vault.receive(forge.bytes()));
        assertThat(verified.originator().identity().workload()).isEqualTo(Workload.UNKNOWN);
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
    void aHolderOfTheSaltCanReopenAClosedDetail() {
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

    private static LinkDraft vaultToAttic() {
        return Scene.draft(3, "attic", false);
    }
}
