package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.Originator;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A captured header that three honest hops signed on its way to vault, with operations for tests. The subclasses have the
 * attacks on the verifier that section 11 of the specification lists: each is a nested class with the name that it has there,
 * and its tests fail if the rule that stops it is removed. Attacks that need a running hop are in AttackIT of proxy-tests;
 * AttackTableTest compares both with the specification.
 */
abstract class HeaderAttack {
    final Forge captured = Forge.of(3, false);
    final Scene.Receiver vault = new Scene.Receiver();

    final void assertRejected(RejectReason reason, Forge header) {
        assertThat(vault.receive(header.bytes())).satisfies(rejectedFor(reason));
    }

    static Consumer<Verification> rejectedFor(RejectReason reason) {
        return answer -> assertThat(answer)
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason())
                                .as(rejected.detail())
                                .isEqualTo(reason));
    }

    /** Presents the links of the captured header in this order, on each of the header's connections. */
    static void assertRejectedInOrder(String order) {
        Chain good = Scene.chain(3, false);
        ImmutableList<SignedLink> links = Arrays.stream(order.split(" "))
                .map(index -> good.links().get(Integer.parseInt(index)))
                .collect(ImmutableList.toImmutableList());
        for (int i = 0; i < 3; i++) {
            Scene.Receiver receiver = new Scene.Receiver().maxHops(8).socket(Scene.outgoing(i, false));
            assertThat(receiver.receive(Scene.header(new Chain(good.origin(), links))))
                    .isInstanceOf(Verification.Rejected.class);
        }
    }

    /** Returns an honest header for the receiver {@link #vaultBehind}. */
    static Forge header(int links, boolean batched) {
        Forge forge = Forge.of(links, false);
        if (batched) {
            forge.links.forEach(link -> link.batch(8, 3 + link.index));
        }
        return forge;
    }

    static Scene.Receiver vaultBehind(int links, VerifiedBatches known) {
        return new Scene.Receiver().socket(Scene.outgoing(links - 1, false)).batches(known);
    }

    /** Returns a flow of curl from laptop to vault; its id is the number. */
    static UnsignedChain flow(Signer laptop, int number) {
        Originator one = Scene.originator(false);
        Originator who = new Originator(
                one.host(), new FlowId(7, number), one.observedAt(), one.tuple(), one.wayIn(), one.identity());
        return laptop.originate(who, Scene.draft(0, "vault", false));
    }

    /** Replaces the signatures of an edited header by those of the honest one. */
    static void keepSignatures(Forge edited, Forge honest) {
        for (int i = 0; i < 3; i++) {
            byte[] signature = signatureOf(honest, i);
            edited.link(i).signatureEdit = any -> signature;
        }
    }

    static byte[] signatureOf(Forge forge, int link) {
        return chainOf(forge).links().get(link).proof().signature().toByteArray();
    }

    static Chain chainOf(Forge forge) {
        return ((ChainRead.Found) ChainTlv.STANDARD.read(Scene.complete(forge.bytes()))).chain();
    }

    /** Returns the text of a key as the trust file has it. */
    static String lineOf(String label) {
        return Scene.key(label).publicKey().toText();
    }
}
