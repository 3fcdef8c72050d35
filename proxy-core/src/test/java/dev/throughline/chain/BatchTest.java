package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.Originator;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One signature for many chains. */
class BatchTest {
    private final Signer laptop = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
    private final VerifiedBatches known = new VerifiedBatches(10);
    private final Scene.Receiver vault =
            new Scene.Receiver().socket(Scene.outgoing(0, false)).batches(known);

    private UnsignedChain flow(int number) {
        Originator one = Scene.originator(false);
        Originator who = new Originator(
                one.host(), new FlowId(7, number), one.observedAt(), one.tuple(), one.wayIn(), one.identity());
        return laptop.originate(who, Scene.draft(0, "vault", false));
    }

    private List<UnsignedChain> flows(int count) {
        List<UnsignedChain> flows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            flows.add(flow(i));
        }
        return flows;
    }

    private static UnsignedChain within(UnsignedChain chain, int maxBytes) {
        HeaderProfile profile = new HeaderProfile(maxBytes, HeaderProfile.NORMAL.keptBack());
        return ((UnsignedChain.Fit.Fits) chain.fit(profile)).chain();
    }

    @Test
    void everyChainOfEverySmallBatchIsVerifiedWithTheSameSignature() {
        for (int size = 1; size <= 20; size++) {
            List<Chain> signed = laptop.sign(flows(size));
            assertThat(signed)
                    .extracting(chain -> chain.last().proof().signature())
                    .containsOnly(signed.getFirst().last().proof().signature());
            for (int i = 0; i < size; i++) {
                Proof proof = signed.get(i).last().proof();
                assertThat(proof.treeSize()).isEqualTo(size);
                assertThat(proof.leafIndex()).isEqualTo(i);
                Scene.Receiver fresh = new Scene.Receiver().socket(Scene.outgoing(0, false));
                FlowId id = verified(fresh.receive(Scene.header(signed.get(i))))
                        .originator()
                        .flow();
                assertThat(id).isEqualTo(new FlowId(7, i));
            }
        }
    }

    @Test
    void theTreeIsThatOfTheRecursiveDefinition() {
        List<byte[]> digests = new ArrayList<>();
        FixedRandom random = new FixedRandom("leaves");
        for (int size = 1; size <= 40; size++) {
            digests.add(random.take(32));
            Tree tree = new Tree(digests.stream()
                    .map(digest -> Digests.leaf(Bytes.copyOf(digest)))
                    .toArray(Bytes[]::new));
            assertThat(tree.root()).isEqualTo(Bytes.copyOf(Rfc6962.root(digests)));
            for (int leaf = 0; leaf < size; leaf++) {
                assertThat(tree.path(leaf))
                        .isEqualTo(Rfc6962.path(leaf, digests).stream()
                                .map(Bytes::copyOf)
                                .toList());
            }
        }
    }

    @Test
    void oneSignatureIsVerifiedForAllOfABatch() {
        for (Chain chain : laptop.sign(flows(13))) {
            verified(vault.receive(Scene.header(chain)));
        }
        assertThat(known.misses()).isEqualTo(1);
        assertThat(known.hits()).isEqualTo(12);
        assertThat(known.size()).isEqualTo(1);
    }

    @Test
    void aChainThatIsSignedAloneIsNotRemembered() {
        verified(vault.receive(Scene.header(laptop.sign(flow(1)))));
        assertThat(known.size()).isZero();
        assertThat(known.misses()).isZero();
    }

    @Test
    void aHeaderWithLittleSpaceShrinksOnlyItsOwnTree() {
        List<UnsignedChain> batch = flows(9);
        int alone = Scene.header(laptop.sign(flow(9))).length();
        batch.set(4, within(batch.get(4), alone + 2 * Digests.SIZE + 31));
        batch.set(7, within(batch.get(7), alone + 2 * Digests.SIZE));

        List<Chain> signed = laptop.sign(batch);

        assertThat(signed)
                .extracting(chain -> chain.last().proof().treeSize())
                .containsExactly(7, 7, 7, 7, 2, 7, 7, 2, 7);
        for (int i = 0; i < 9; i++) {
            assertThat(verified(vault.receive(Scene.header(signed.get(i))))
                            .originator()
                            .flow())
                    .isEqualTo(new FlowId(7, i));
        }
        assertThat(Scene.header(signed.get(7)).length()).isLessThanOrEqualTo(alone + 2 * Digests.SIZE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 32, 63, 64, 100, 200, 255, 256})
    void aHeaderFitsItsNextHopInABatchOfAnySize(int space) {
        int alone = Scene.header(laptop.sign(flow(0))).length();
        List<UnsignedChain> batch = new ArrayList<>();
        for (UnsignedChain chain : flows(300)) {
            batch.add(within(chain, alone + space));
        }
        for (Chain chain : laptop.sign(batch)) {
            assertThat(Scene.header(chain).length()).isLessThanOrEqualTo(alone + space);
            assertThat(chain.last().proof().path()).hasSizeLessThanOrEqualTo(space / 32);
        }
    }

    @Test
    void nobodyElseFinishesAChain() {
        Signer other = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
        UnsignedChain chain = flow(1);
        assertThatThrownBy(() -> other.sign(chain)).hasMessageContaining("by the signer that began it");
    }

    @Test
    void anEmptyBatchNeedsNoSignature() {
        assertThat(laptop.sign(List.of())).isEmpty();
    }
}
