package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.key.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A cache of verified batches reduces the cost of verification, and never changes the result. */
class VerifiedBatchesTest {
    private final VerifiedBatches known = new VerifiedBatches(3);

    private Verification receive(Forge forge) {
        return new Scene.Receiver().batches(known).receive(forge.bytes());
    }

    /** Three hops, whose second link is one of a batch. */
    private static Forge inBatch(int size, int place) {
        Forge forge = Forge.of(3, false);
        forge.link(1).batch(size, place);
        return forge;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 13, 64, 256, 257, 300})
    void aSecondHeaderOfTheBatchIsVerifiedFromMemory(int size) {
        verified(receive(inBatch(size, size - 1)));
        assertThat(known.misses()).isEqualTo(1);
        verified(receive(inBatch(size, size - 1)));
        assertThat(known.misses()).isEqualTo(1);
        assertThat(known.hits()).isEqualTo(1);
    }

    @Test
    void theBatchesOfAKeyThatIsNoLongerTrustedAreForgotten() {
        PublicKey gateway = Scene.key("gateway").publicKey();
        verified(receive(inBatch(4, 0)));
        known.retain(key -> true);
        assertThat(known.size()).isEqualTo(1);
        known.retain(key -> !key.equals(gateway));
        assertThat(known.size()).isZero();
    }

    /** Such as a signature whose verification began before its key was revoked: this receiver still trusts the key. */
    @Test
    void aBatchOfAKeyThatIsNoLongerTrustedIsNotRememberedAgain() {
        PublicKey gateway = Scene.key("gateway").publicKey();
        known.retain(key -> !key.equals(gateway));
        verified(receive(inBatch(4, 0)));
        assertThat(known.size()).isZero();
        known.retain(key -> true);
        verified(receive(inBatch(4, 0)));
        assertThat(known.size()).isEqualTo(1);
    }

    /** The result for each header is the same as without the cache, whatever the order of headers. */
    @Test
    void aProvenTreeAgreesWithHashingAllTheWay() throws Exception {
        FixedRandom random = new FixedRandom("leaves");
        for (int size : new int[] {2, 3, 5, 8, 13, 21}) {
            List<byte[]> leaves = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                leaves.add(random.take(32));
            }
            ProvenTree tree = new ProvenTree(size, Bytes.copyOf(Rfc6962.root(leaves)));
            for (int round = 0; round < 4 * size; round++) {
                int leaf = Math.floorMod(random.nextInt(), size);
                Proof proof = proof(size, leaf, Rfc6962.path(leaf, leaves));
                var digest = Bytes.copyOf(leaves.get(leaf));
                assertThat(tree.proves(proof, digest)).isTrue();
                assertThat(tree.proves(proof, Bytes.copyOf(random.take(32)))).isFalse();
                Proof other = proof(size, leaf, Rfc6962.path((leaf + 1) % size, leaves));
                if (other.path().size() == proof.path().size()) {
                    assertThat(tree.proves(other, digest))
                            .isEqualTo(other.path().equals(proof.path()));
                }
            }
        }
    }

    /** Known nodes aren't hashed again: only the part of a path below a known node is new. */
    @Test
    void aProvenTreeKnowsMoreWithEachProof() {
        List<byte[]> leaves = leaves(8);
        ProvenTree tree = new ProvenTree(8, Bytes.copyOf(Rfc6962.root(leaves)));
        assertThat(tree.known()).isEqualTo(1);
        assertThat(knownAfter(tree, leaves, 0))
                .as("three levels of two below the root")
                .isEqualTo(7);
        assertThat(knownAfter(tree, leaves, 1)).as("the sibling").isEqualTo(7);
        assertThat(knownAfter(tree, leaves, 2)).as("below the sibling's parent").isEqualTo(9);
        assertThat(knownAfter(tree, leaves, 7))
                .as("below the root's other child")
                .isEqualTo(13);
        assertThat(knownAfter(tree, leaves, 4)).as("the whole path").isEqualTo(15);
    }

    /** A node without a sibling moves up unchanged, and is known at each position. */
    @Test
    void aProvenTreeThatIsUnevenKnowsAllAfterItsProofs() {
        List<byte[]> leaves = leaves(5);
        ProvenTree tree = new ProvenTree(5, Bytes.copyOf(Rfc6962.root(leaves)));
        assertThat(knownAfter(tree, leaves, 4))
                .as("leaf 4 at three positions, and its sibling")
                .isEqualTo(5);
        assertThat(knownAfter(tree, leaves, 0)).isEqualTo(9);
        assertThat(knownAfter(tree, leaves, 3)).isEqualTo(11);
    }

    /** The signer decides how large a tree is, but not how much of it is remembered. */
    @ParameterizedTest
    @CsvSource({"256, 17", "257, 1"})
    void onlyTheRootOfALargerTreeIsKnown(int size, int known) {
        List<byte[]> leaves = leaves(size);
        ProvenTree tree = new ProvenTree(size, Bytes.copyOf(Rfc6962.root(leaves)));
        assertThat(knownAfter(tree, leaves, 0)).isEqualTo(known);
    }

    private static List<byte[]> leaves(int count) {
        FixedRandom random = new FixedRandom("leaves");
        return Stream.generate(() -> random.take(32)).limit(count).toList();
    }

    private static int knownAfter(ProvenTree tree, List<byte[]> leaves, int leaf) {
        Proof proof = proof(leaves.size(), leaf, Rfc6962.path(leaf, leaves));
        assertThat(tree.proves(proof, Bytes.copyOf(leaves.get(leaf)))).isTrue();
        return tree.known();
    }

    private static Proof proof(int size, int leaf, List<byte[]> path) {
        return new Proof(
                1,
                size,
                leaf,
                path.stream().map(Bytes::copyOf).collect(ImmutableList.toImmutableList()),
                Bytes.copyOf(new byte[64]));
    }
}
