package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody on the way, without a key, changes a header of three honest hops. */
class TamperTest {
    private final Forge forge = Forge.of(3, false);

    @ParameterizedTest(name = "foreign TLVs and checksum: {0}")
    @ValueSource(booleans = {false, true})
    void everySingleBitFlipIsRefusedOrChangesNothing(boolean surrounded) {
        if (surrounded) {
            forge.before.add(Forge.tlv(0xEA, "010203"));
            forge.after.add(Forge.tlv(0xE5, "46470102"));
        }
        byte[] good = forge.bytes();
        int harmless = 0;
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            if (Scene.read(bad) instanceof ReadResult.Complete complete
                    && new Scene.Receiver().receive(complete.header()) instanceof Verification.Verified verified) {
                assertThat(verified.originator()).as("bit %s", bit).isEqualTo(Scene.originator(false));
                assertThat(verified.signers()).hasSize(3);
                harmless++;
            }
        }
        // Only the two foreign TLVs aren't signed: 3 and 4 bytes of value, their types, and what holds their place.
        assertThat(harmless).isBetween(surrounded ? 40 : 0, surrounded ? 8 * 13 : 0);
    }

    @Test
    void underAChecksumEveryBitFlipIsRefused() {
        forge.before.add(Forge.tlv(0xEA, "010203"));
        forge.checksum = true;
        byte[] good = forge.bytes();
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            boolean verified = Scene.read(bad) instanceof ReadResult.Complete complete
                    && new Scene.Receiver().receive(complete.header()) instanceof Verification.Verified;
            // The checksum's own type byte is the exception: as another TLV it is four foreign bytes.
            assertThat(verified && bit / 8 != good.length - 7).as("bit %s", bit).isFalse();
        }
    }

    @Test
    void everyTruncationWaitsForMoreAndNothingElse() {
        byte[] good = forge.bytes();
        for (int length = 0; length < good.length; length++) {
            assertThat(Scene.read(Arrays.copyOf(good, length))).isInstanceOf(ReadResult.NeedMore.class);
        }
    }

    @Test
    void everyTruncationOfTheChainInAHeaderThatOwnsUpToItIsRefused() {
        int size = forge.chain().size();
        for (int length = 0; length < size; length++) {
            int end = length;
            forge.chainEdit = chain -> chain.slice(0, end);
            assertThat(new Scene.Receiver().receive(forge.bytes()))
                    .as("the first %s bytes", length)
                    .isInstanceOfSatisfying(
                            Verification.Rejected.class,
                            rejected -> assertThat(rejected.reason())
                                    .isIn(
                                            RejectReason.UNSIGNED,
                                            RejectReason.MALFORMED,
                                            RejectReason.AUDIENCE_BROKEN,
                                            RejectReason.NOT_MY_AUDIENCE));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "1",
                "2",
                "0 1",
                "1 2",
                "0 2",
                "0 2 1",
                "1 0 2",
                "2 1 0",
                "1 2 0",
                "0 0 1 2",
                "0 1 1 2",
                "0 1 2 2",
                "0 1 2 0 1 2"
            })
    void linksThatAreRemovedReorderedOrRepeatedAreRefused(String order) {
        Chain good = Scene.chain(3, false);
        List<SignedLink> links = new ArrayList<>();
        for (String index : order.isEmpty() ? new String[0] : order.split(" ")) {
            links.add(good.links().get(Integer.parseInt(index)));
        }
        Chain bad = new Chain(good.origin(), ImmutableList.copyOf(links));
        for (int i = 0; i < 3; i++) {
            assertRejected(new Scene.Receiver().maxHops(8).socket(Scene.outgoing(i, false)), bad);
        }
    }

    /** Every rule before the signatures is made to hold, so that the digests alone must find it. */
    @Test
    void aHopThatIsCutOutIsMissedByTheDigestEvenIfNothingElseWouldMissIt() {
        Forge cut = Forge.of(3, false);
        byte[] signature = signatureOf(cut, 2);
        cut.links.remove(1);
        cut.link(0).audience = cut.link(1).hop;
        cut.link(1).index = 1;
        cut.link(1).peer = Forge.endpoint(Scene.outgoing(0, false).source());
        cut.link(1).signatureEdit = any -> signature;
        assertBadSignature(new Scene.Receiver(), cut.bytes(), 1);
    }

    @Test
    void aLinkSplicedOntoAnotherFlowIsRefused() {
        Forge other = Forge.of(3, false);
        other.set(2, "ff".repeat(16));
        for (int i = 0; i < 3; i++) {
            byte[] signature = signatureOf(forge, i);
            other.link(i).signatureEdit = any -> signature;
        }
        assertBadSignature(new Scene.Receiver(), other.bytes(), 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aLaterLinkSplicedOntoAnotherFlowIsRefused(int link) {
        Forge other = Forge.of(3, false);
        other.set(2, "ff".repeat(16));
        byte[] signature = signatureOf(forge, link);
        other.link(link).signatureEdit = any -> signature;
        assertBadSignature(new Scene.Receiver(), other.bytes(), link);
    }

    @Test
    void twoLinksCannotSwapTheirSignatures() {
        byte[] first = signatureOf(forge, 0);
        byte[] second = signatureOf(forge, 1);
        Forge swapped = Forge.of(3, false);
        swapped.link(0).signatureEdit = any -> second;
        swapped.link(1).signatureEdit = any -> first;
        assertBadSignature(new Scene.Receiver(), swapped.bytes(), 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 6, 7, 8})
    void everyFieldOfTheCoreIsSigned(int tag) {
        Forge edited = Forge.of(3, false);
        Bytes value = edited.core.stream()
                .filter(field -> field.tag() == tag)
                .map(field -> Bytes.copyOf(field.value()))
                .findFirst()
                .orElseThrow();
        // 02 -> 01 and 01 -> 03 are known codes; elsewhere any byte will do.
        String hex = value.toHex();
        edited.set(tag, (hex.startsWith("02") ? "01" : hex.startsWith("01") ? "03" : "7f") + hex.substring(2));
        keepSignatures(edited);
        Verification verification = new Scene.Receiver()
                .trust(Scene.trust(Scene.TRUST.replace("origin=laptop\n", "origin=*\n")))
                .receive(edited.bytes());
        assertThat(verification)
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.BAD_SIGNATURE));
    }

    @Test
    void anEditedTupleIsSignedEvenIfTheAddressBlockIsEditedToo() {
        Forge edited = Forge.of(3, false);
        Tuple other = Tuple.tcp(Scene.flow(false).source(), Scene.at("198.51.100.81", 443));
        edited.addresses = other.encode();
        edited.set(4, Bytes.copyOf(Forge.tupleField(other)).toHex());
        keepSignatures(edited);
        assertBadSignature(new Scene.Receiver(), edited.bytes(), 0);
    }

    private void keepSignatures(Forge edited) {
        for (int i = 0; i < 3; i++) {
            byte[] signature = signatureOf(forge, i);
            edited.link(i).signatureEdit = any -> signature;
        }
    }

    private static byte[] signatureOf(Forge forge, int link) {
        Header header = Scene.complete(forge.bytes());
        Chain chain = ((ChainRead.Found) ChainTlv.STANDARD.read(header)).chain();
        return chain.links().get(link).proof().signature().toByteArray();
    }

    private static void assertRejected(Scene.Receiver receiver, Chain chain) {
        assertThat(receiver.receive(Scene.header(chain))).isInstanceOf(Verification.Rejected.class);
    }

    private static void assertBadSignature(Scene.Receiver receiver, byte[] header, int link) {
        assertThat(receiver.receive(header)).isInstanceOfSatisfying(Verification.Rejected.class, rejected -> {
            assertThat(rejected.reason()).as(rejected.detail()).isEqualTo(RejectReason.BAD_SIGNATURE);
            assertThat(rejected.link()).isEqualTo(link);
        });
    }
}
