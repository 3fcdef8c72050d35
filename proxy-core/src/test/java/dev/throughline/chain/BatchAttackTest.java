package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.sun.management.ThreadMXBean;
import dev.throughline.header.Bytes;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attacks on links that are signed in batches, by a Merkle tree. See {@link HeaderAttack}. */
class BatchAttackTest extends HeaderAttack {
    @Nested
    class LeafTakenForANode {
        @Test
        void byItsBytes() {
            byte[] children = new FixedRandom("children").take(64);
            Bytes left = Bytes.copyOf(children, 0, 32);
            Bytes right = Bytes.copyOf(children, 32, 32);
            assertThat(Digests.leaf(Bytes.copyOf(children))).isNotEqualTo(Digests.node(left, right));
        }

        @Test
        void byLeavingOutALevel() {
            captured.link(1).batch(4, 2);
            captured.link(1).claimedSize = 2;
            captured.link(1).claimedIndex = 1;
            captured.link(1).pathEdit = path -> path.subList(1, 2);
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }

        @Test
        void byLeavingOutTheTree() {
            captured.link(1).batch(2, 0);
            captured.link(1).claimedSize = 1;
            captured.link(1).pathEdit = path -> List.of();
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }
    }

    @Nested
    class WrongTreeSize {
        /** Both sizes give the same path and root. */
        @Test
        void withTheRightRoot() {
            captured.link(1).batch(3, 0);
            verified(new Scene.Receiver().receive(captured.bytes()));
            captured.link(1).claimedSize = 4;
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }

        @ParameterizedTest
        @CsvSource({"0, 0", "1, 1", "4, 4"})
        void withoutSuchALeaf(int size, int leaf) {
            captured.link(1).claimedSize = size;
            captured.link(1).claimedIndex = leaf;
            assertRejected(RejectReason.MALFORMED, captured);
        }
    }

    @Nested
    class ProofOfASibling {
        private final Signer laptop = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
        private final VerifiedBatches known = new VerifiedBatches(10);

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void underAnotherLinkOfTheBatch(boolean isKnown) {
            vault.socket(Scene.outgoing(0, false)).batches(known);
            List<Chain> batch = laptop.sign(IntStream.range(0, 4)
                    .mapToObj(number -> flow(laptop, number))
                    .toList());
            if (isKnown) {
                batch.forEach(chain -> verified(vault.receive(Scene.header(chain))));
                vault.window(new ReplayWindow(10));
            }
            for (Chain one : batch) {
                for (Chain other : batch) {
                    SignedLink link = one.last();
                    Chain forged = new Chain(
                            one.origin(),
                            ImmutableList.of(new SignedLink(
                                    link.link(), link.body(), other.last().proof())));
                    if (!one.equals(other)) {
                        assertThat(vault.receive(Scene.header(forged)))
                                .satisfies(rejectedFor(RejectReason.BAD_SIGNATURE));
                    }
                }
            }
        }

        @Test
        void atAnotherPosition() {
            captured.link(1).batch(4, 2);
            captured.link(1).claimedIndex = 3;
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }
    }

    /** A header that isn't part of a verified batch is presented as if it were. */
    @Nested
    class PoisonedBatchMemory {
        private final VerifiedBatches known = new VerifiedBatches(3);

        PoisonedBatchMemory() {
            vault.batches(known);
        }

        private static Forge inBatch(int size, int place) {
            Forge forge = Forge.of(3, false);
            forge.link(1).batch(size, place);
            return forge;
        }

        private void learn(int size, int place) {
            verified(vault.receive(inBatch(size, place).bytes()));
            vault.window(new ReplayWindow(10));
        }

        @ParameterizedTest
        @CsvSource({"2, 0", "13, 5", "13, 12", "64, 63", "256, 0", "300, 299"})
        void withAPathThatIsWrongAtOneStep(int size, int place) {
            learn(size, place);
            learn(size, place);
            for (int step = 0; step < Proof.pathLength(size, place); step++) {
                for (int bit : new int[] {0, 255}) {
                    int changed = step;
                    Forge forge = inBatch(size, place);
                    forge.link(1).pathEdit = path -> {
                        List<byte[]> other = new ArrayList<>(path);
                        other.set(changed, path.get(changed).clone());
                        other.get(changed)[bit / 8] ^= (byte) (1 << bit % 8);
                        return other;
                    };
                    assertRejected(RejectReason.BAD_SIGNATURE, forge);
                }
            }
        }

        @Test
        void withAnotherLinkUnderAKnownProof() {
            learn(8, 3);
            Proof genuine = chainOf(inBatch(8, 3)).links().get(1).proof();
            Forge forge = inBatch(8, 3);
            forge.link(1).ttl = 101;
            forge.link(1).pathEdit =
                    path -> genuine.path().stream().map(Bytes::toByteArray).toList();
            forge.link(1).signatureEdit = any -> genuine.signature().toByteArray();
            assertRejected(RejectReason.BAD_SIGNATURE, forge);
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1, 2})
        void withAnotherPositionInAKnownTree(int claimed) {
            learn(4, 3);
            Forge forge = inBatch(4, 3);
            forge.link(1).claimedIndex = claimed;
            assertRejected(RejectReason.BAD_SIGNATURE, forge);
        }

        @Test
        void withAnotherSizeOfAKnownTree() {
            learn(3, 0);
            Forge forge = inBatch(3, 0);
            forge.link(1).claimedSize = 4;
            assertRejected(RejectReason.BAD_SIGNATURE, forge);
        }

        /** A key id is a name and proves nothing, so keys are compared and not their ids. */
        @Test
        void withTheSignatureOfAnotherKey() {
            SignedLink link = chainOf(inBatch(4, 1)).links().get(1);
            Bytes digest = chainOf(inBatch(4, 1)).digests().get(1);
            assertThat(known.verifies(Scene.key("gateway").publicKey(), link.proof(), digest))
                    .isTrue();
            assertThat(known.verifies(Scene.key("office").publicKey(), link.proof(), digest))
                    .isFalse();
        }

        /** The receiver remembers nothing of a rejected header, and still accepts the genuine one. */
        @Test
        void withALinkThatIsNotInTheTree() {
            Signer laptop = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
            List<Chain> batch = laptop.sign(IntStream.range(0, 8)
                    .mapToObj(number -> flow(laptop, number))
                    .toList());
            vault.socket(Scene.outgoing(0, false));
            verified(vault.receive(Scene.header(batch.get(0))));
            Chain forged = new Chain(batch.get(4).origin(), batch.get(5).links());
            for (int i = 0; i < 3; i++) {
                assertThat(vault.receive(Scene.header(forged))).satisfies(rejectedFor(RejectReason.BAD_SIGNATURE));
            }
            verified(vault.receive(Scene.header(batch.get(5))));
        }

        @Test
        void withAnotherSignatureForAKnownTree() {
            learn(4, 1);
            Forge forge = inBatch(4, 1);
            forge.link(1).forger = Scene.key("stranger");
            assertRejected(RejectReason.BAD_SIGNATURE, forge);
        }

        @Test
        void withASignatureThatHadFailed() {
            Forge forge = inBatch(4, 1);
            forge.link(1).forger = Scene.key("stranger");
            for (int i = 0; i < 3; i++) {
                assertRejected(RejectReason.BAD_SIGNATURE, forge);
            }
            assertThat(known.size()).isZero();
        }
    }

    @Nested
    class FloodedBatchMemory {
        /** The memory stays small; a batch that was evicted from it is verified again. */
        @Test
        void byManyBatches() {
            VerifiedBatches known = new VerifiedBatches(3);
            vault.batches(known);
            for (int size = 2; size < 12; size++) {
                captured.link(1).batch(size, 0);
                verified(vault.window(new ReplayWindow(1)).receive(captured.bytes()));
                assertThat(known.size()).isLessThanOrEqualTo(3);
            }
            long misses = known.misses();
            captured.link(1).batch(2, 0);
            verified(vault.window(new ReplayWindow(1)).receive(captured.bytes()));
            assertThat(known.misses()).isEqualTo(misses + 1);
        }

        /** The signer claims the tree's size, so memory must not be allocated for it in advance. */
        @Test
        void byAnEnormousTree() {
            Bytes root = Bytes.copyOf(new byte[32]);
            long before = allocated();
            ProvenTree tree = new ProvenTree(0xFFFF, root);
            assertThat(allocated() - before).isLessThan(10_000);
            assertThat(tree).isNotNull();
        }

        private static long allocated() {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            return threads.getCurrentThreadAllocatedBytes();
        }
    }
}
