package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tlv;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Changes to the bytes of a header. See {@link HeaderAttack}. */
class EncodingAttackTest extends HeaderAttack {
    /** The same header in another encoding, made without a key: two parsers could read different contents. */
    @Nested
    class SecondSpelling {
        private static final BigInteger ED25519_ORDER =
                BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
        private static final BigInteger P256_ORDER =
                new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);

        /** The equation of Ed25519 also holds for S + L (RFC 8032, 5.1.7). */
        @Test
        void ofAnEd25519Signature() {
            captured.link(2).signatureEdit = signature -> {
                byte[] s = reversed(Arrays.copyOfRange(signature, 32, 64));
                return withS(signature, reversed(fixed(new BigInteger(1, s).add(ED25519_ORDER))));
            };
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }

        /** The equation of ECDSA also holds for n - s. */
        @Test
        void ofAP256Signature() {
            captured.link(1).signedBy("gateway (P-256)");
            captured.link(1).signatureEdit = signature -> withS(
                    signature, fixed(P256_ORDER.subtract(new BigInteger(1, Arrays.copyOfRange(signature, 32, 64)))));
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }

        @Test
        void ofTheFragments() {
            Chain chain = Scene.chain(3, false);
            byte[] bytes = chain.encode().toByteArray();
            captured.fragmentEdit = any -> List.of();
            captured.before.add(fragment(0, Arrays.copyOf(bytes, 100)));
            captured.before.add(fragment(1, Arrays.copyOfRange(bytes, 100, bytes.length)));
            assertRejected(RejectReason.MALFORMED, captured);
        }

        private static Tlv fragment(int index, byte[] content) {
            return Forge.tlv(
                    0xE5, "464901" + index + "1" + Bytes.copyOf(content).toHex());
        }

        @Test
        void ofTheOrderOfFields() {
            Collections.swap(captured.core, 1, 2);
            assertRejected(RejectReason.MALFORMED, captured);
        }

        @Test
        void ofTheOrderOfDetails() {
            Collections.swap(captured.details, 0, 1);
            assertRejected(RejectReason.MALFORMED, captured);
        }

        @Test
        void withAFieldTwice() {
            captured.core.add(1, captured.core.getFirst());
            assertRejected(RejectReason.MALFORMED, captured);
        }

        @Test
        void withALongerPath() {
            captured.link(1).pathEdit = path -> List.of(new byte[32]);
            assertRejected(RejectReason.MALFORMED, captured);
        }

        @Test
        void withBytesBehindTheLastLink() {
            captured.chainEdit = chain -> chain.u8("stray", 2);
            assertRejected(RejectReason.MALFORMED, captured);
        }

        private static byte[] withS(byte[] signature, byte[] s) {
            byte[] other = Arrays.copyOf(signature, 64);
            System.arraycopy(s, 0, other, 32, 32);
            return other;
        }

        private static byte[] fixed(BigInteger number) {
            byte[] bytes = number.toByteArray();
            byte[] fixed = new byte[32];
            int size = Math.min(32, bytes.length);
            System.arraycopy(bytes, bytes.length - size, fixed, 32 - size, size);
            return fixed;
        }

        private static byte[] reversed(byte[] bytes) {
            byte[] reversed = new byte[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                reversed[i] = bytes[bytes.length - 1 - i];
            }
            return reversed;
        }
    }

    /** Headers with one or three links, with and without batches, other TLVs and a checksum, which are not signed. */
    @Nested
    class SingleBitFlip {
        static Stream<Arguments> headers() {
            return Stream.of(1, 3)
                    .flatMap(links -> Stream.of(false, true)
                            .flatMap(batched -> Stream.of(false, true)
                                    .flatMap(foreign -> Stream.of(false, true)
                                            .map(checksum -> Arguments.of(links, batched, foreign, checksum)))));
        }

        @ParameterizedTest(name = "{0} links, batched: {1}, foreign TLVs: {2}, checksum: {3}")
        @MethodSource("headers")
        void isRefusedOrChangesNothing(int links, boolean batched, boolean foreign, boolean checksum) {
            Forge forge = header(links, batched);
            Set<Integer> unsigned = new HashSet<>();
            forge.checksum = checksum;
            if (foreign) {
                forge.before.add(Forge.tlv(0xEA, "010203"));
                forge.after.add(Forge.tlv(0xE5, "46470102"));
            }
            byte[] good = forge.bytes();
            int end = checksum ? good.length - 7 : good.length;
            if (checksum) {
                // The type of its TLV: as another TLV it is four bytes that mean nothing.
                unsigned.add(end);
            } else if (foreign) {
                IntStream.range(28, 34).forEach(unsigned::add);
                IntStream.range(end - 7, end).forEach(unsigned::add);
            }
            VerifiedBatches known = new VerifiedBatches(10);
            Verification.Verified genuine = verified(vaultBehind(links, known).receive(good));

            Set<Integer> harmless = new HashSet<>();
            for (int bit = 0; bit < 8 * good.length; bit++) {
                byte[] bad = good.clone();
                bad[bit / 8] ^= (byte) (1 << bit % 8);
                if (Scene.read(bad) instanceof ReadResult.Complete complete
                        && vaultBehind(links, known).receive(complete.header())
                                instanceof Verification.Verified verified) {
                    assertSame(verified, genuine);
                    harmless.add(bit / 8);
                }
            }
            assertThat(unsigned).containsAll(harmless);
            assertThat(harmless.isEmpty()).isEqualTo(unsigned.isEmpty());
        }

        private static void assertSame(Verification.Verified verified, Verification.Verified genuine) {
            assertThat(verified.originator()).isEqualTo(genuine.originator());
            assertThat(verified.signers()).isEqualTo(genuine.signers());
            assertThat(verified.chain().encode()).isEqualTo(genuine.chain().encode());
        }
    }

    @Nested
    class Truncation {
        @ParameterizedTest(name = "{0} links, batched: {1}")
        @CsvSource({"1, false", "1, true", "3, false", "3, true"})
        void ofTheHeaderMakesTheReaderWaitForMore(int links, boolean batched) {
            byte[] good = header(links, batched).bytes();
            for (int length = 0; length < good.length; length++) {
                assertThat(Scene.read(Arrays.copyOf(good, length))).isInstanceOf(ReadResult.NeedMore.class);
            }
        }

        @ParameterizedTest(name = "{0} links, batched: {1}")
        @CsvSource({"1, false", "1, true", "3, false", "3, true"})
        void ofTheChainInAHeaderOfTheRightLength(int links, boolean batched) {
            Forge forge = header(links, batched);
            int size = forge.chain().size();
            for (int length = 0; length < size; length++) {
                int end = length;
                forge.chainEdit = chain -> chain.slice(0, end);
                assertThat(vaultBehind(links, new VerifiedBatches(10)).receive(forge.bytes()))
                        .as("the first %s bytes", length)
                        .isInstanceOf(Verification.Rejected.class);
            }
        }
    }
}
