package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.collect.HashMultimap;
import com.google.common.collect.Multimap;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.ReadResult;
import dev.throughline.key.Trust;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A fuzz target: an attacker without a key changes the header of a vector. The keys, the clock and the
 * connection are the vector's. A header that verifies must have been signed with exactly this content.
 */
class VerifierFuzz {
    private static final List<Arrival> ARRIVALS =
            FuzzSeeds.VECTORS.stream().map(Arrival::of).toList();

    /** The content of each vector's chain, by the digest of its last link, which covers all of it. */
    private static final Multimap<Bytes, String> SIGNED = signed();

    /** The receiver of a vector's header; cached, because reading a vector's keys takes longer than verifying a header. */
    private record Arrival(Scene.Receiver receiver, Trust trust, boolean translated, ReadResult untouched) {
        static Arrival of(Vector vector) {
            return new Arrival(
                    vector.receiver(), vector.trust(), vector.setting("nat").isPresent(), Scene.read(vector.bytes()));
        }

        /** The receiver has seen the unchanged header's batches, so that its cache of batches is attacked too. */
        Verification receive(Header header) {
            receiver.batches(new VerifiedBatches(10));
            if (untouched instanceof ReadResult.Complete complete) {
                receiver.window(new ReplayWindow(10)).receive(complete.header());
            }
            return receiver.window(new ReplayWindow(10)).receive(header);
        }
    }

    /** The first two bytes select a vector, the third a correction: 1 the header's length, 2 its checksum. */
    @MethodSource("dev.throughline.chain.FuzzSeeds#arrivals")
    @FuzzTest
    void acceptsOnlySignedHeaders(byte[] input) {
        if (input.length < 3) {
            return;
        }
        Arrival arrival = ARRIVALS.get((((input[0] & 0xFF) << 8) | (input[1] & 0xFF)) % ARRIVALS.size());
        byte[] bytes = mended(Arrays.copyOfRange(input, 3, input.length), input[2]);
        if (!(Scene.read(bytes) instanceof ReadResult.Complete complete)) {
            return;
        }
        Verification verification = arrival.receive(complete.header());
        CaptureCheck capture =
                Verifier.verifyCapture(complete.header(), arrival.trust(), ChainTlv.STANDARD, Scene.SKEW);
        switch (verification) {
            case Verification.Verified verified -> {
                assertSigned(verified);
                assertThat(arrival.translated() || capture instanceof CaptureCheck.Genuine)
                        .isTrue();
            }
            case Verification.Rejected rejected -> {
                assertThat(rejected.detail()).isNotEmpty();
                assertThat(rejected.link()).isBetween(-1, Chain.HARD_HOP_LIMIT - 1);
            }
        }
    }

    private static void assertSigned(Verification.Verified verified) {
        Collection<String> said = SIGNED.get(verified.lastDigest());
        String says = Vector.says(verified.originator());
        assertThat(said).as("signed with this digest").isNotEmpty();
        // The digest allows to close details; then there are fewer facts, and no others.
        assertThat(said.stream().anyMatch(all -> isPart(says, all)))
                .as("%s of %s", says, said)
                .isTrue();
        assertThat(verified.signers()).hasSameSizeAs(verified.links());
    }

    private static boolean isPart(String says, String all) {
        return Arrays.asList(all.split("; ")).containsAll(Arrays.asList(says.split("; ")));
    }

    private static byte[] mended(byte[] bytes, int what) {
        if ((what & 1) != 0 && bytes.length >= 16 && bytes.length <= 16 + 0xFFFF) {
            ByteBuffer.wrap(bytes).putShort(14, (short) (bytes.length - 16));
        }
        // A checksum that isn't the last TLV is not corrected.
        int crcAt = bytes.length - 4;
        if ((what & 2) != 0 && crcAt >= 19 && bytes[crcAt - 3] == 3 && bytes[crcAt - 1] == 4) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, 0, crcAt);
            crc.update(new byte[4]);
            ByteBuffer.wrap(bytes).putInt(crcAt, (int) crc.getValue());
        }
        return bytes;
    }

    private static Multimap<Bytes, String> signed() {
        Multimap<Bytes, String> signed = HashMultimap.create();
        for (Vector vector : FuzzSeeds.VECTORS) {
            if (!vector.expect().contains(RejectReason.BAD_SIGNATURE.name())
                    && Scene.read(vector.bytes()) instanceof ReadResult.Complete complete
                    && ChainTlv.STANDARD.read(complete.header()) instanceof ChainRead.Found found) {
                Chain chain = found.chain();
                signed.put(
                        chain.digests().getLast(),
                        Vector.says(chain.origin().claim().unverified()));
            }
        }
        return signed;
    }
}
