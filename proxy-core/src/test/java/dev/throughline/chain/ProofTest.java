package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proofs against a second implementation that follows the recursive definition of RFC 6962. */
class ProofTest {
    private static final Bytes SIGNATURE = Bytes.copyOf(new byte[64]);

    @Test
    void everyLeafOfEverySmallTreeLeadsToItsRoot() throws Exception {
        for (int size = 1; size <= 20; size++) {
            List<byte[]> leaves = leaves(size);
            for (int leaf = 0; leaf < size; leaf++) {
                Proof proof = proof(size, leaf, Rfc6962.path(leaf, leaves));
                assertThat(proof.root(Bytes.copyOf(leaves.get(leaf))))
                        .as("leaf %s of %s", leaf, size)
                        .isEqualTo(Bytes.copyOf(Rfc6962.root(leaves)));
                assertThat(Proof.read(new ByteReader(encoded(proof)))).isEqualTo(proof);
            }
        }
    }

    @Test
    void noOtherPositionLeadsToTheSameRoot() {
        for (int size = 2; size <= 20; size++) {
            List<byte[]> leaves = leaves(size);
            for (int leaf = 0; leaf < size; leaf++) {
                List<byte[]> path = Rfc6962.path(leaf, leaves);
                for (int other = 0; other < size; other++) {
                    if (other != leaf && Proof.pathLength(size, other) == path.size()) {
                        assertThat(proof(size, other, path).root(Bytes.copyOf(leaves.get(leaf))))
                                .as("leaf %s of %s as %s", leaf, size, other)
                                .isNotEqualTo(Bytes.copyOf(Rfc6962.root(leaves)));
                    }
                }
            }
        }
    }

    @Test
    void theLargestTreeIsReadToo() throws Exception {
        assertThat(Proof.pathLength(65535, 0)).isEqualTo(16);
        Proof proof = proof(65535, 65534, leaves(Proof.pathLength(65535, 65534)));
        assertThat(Proof.read(new ByteReader(encoded(proof)))).isEqualTo(proof);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 2", "2, 65535", "65535, 65535"})
    void aLeafThatTheTreeDoesNotHaveIsRefused(int size, int leaf) {
        assertUnreadable(proof(size, leaf, List.of()), 1);
    }

    @Test
    void aPathHasTheLengthThatTheTreeRequires() {
        for (int size = 1; size <= 20; size++) {
            for (int leaf = 0; leaf < size; leaf++) {
                int length = Rfc6962.path(leaf, leaves(size)).size();
                assertUnreadable(proof(size, leaf, leaves(length + 1)), 0);
                if (length > 0) {
                    assertUnreadable(proof(size, leaf, leaves(length - 1)), 0);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 5, 68, 70, 100, 102})
    void aProofEndsAtItsLength(int length) {
        byte[] bytes = Arrays.copyOf(encoded(proof(1, 0, List.of())).toByteArray(), length);
        assertThatThrownBy(() -> Proof.read(new ByteReader(Bytes.copyOf(bytes))))
                .isInstanceOf(WireException.class);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 0", "2, 1", "3, 2", "8, 5", "13, 12"})
    void aLinkFromABatchIsVerifiedLikeOneAlone(int size, int place) {
        Forge forge = Forge.of(3, false);
        forge.link(1).batch(size, place);
        forge.link(2).batch(size, place);
        verified(new Scene.Receiver().receive(forge.bytes()));
    }

    private static void assertUnreadable(Proof proof, int offset) {
        assertThatThrownBy(() -> Proof.read(new ByteReader(encoded(proof))))
                .isInstanceOfSatisfying(
                        WireException.class, e -> assertThat(e.offset()).isEqualTo(offset));
    }

    private static Bytes encoded(Proof proof) {
        ByteWriter out = new ByteWriter(Proof.size(proof.path().size()));
        proof.writeTo(out);
        return out.toBytes();
    }

    private static Proof proof(int size, int leaf, List<byte[]> path) {
        return new Proof(
                1, size, leaf, path.stream().map(Bytes::copyOf).collect(ImmutableList.toImmutableList()), SIGNATURE);
    }

    private static List<byte[]> leaves(int count) {
        List<byte[]> leaves = new ArrayList<>();
        FixedRandom random = new FixedRandom("leaves");
        for (int i = 0; i < count; i++) {
            leaves.add(random.take(32));
        }
        return leaves;
    }
}
