package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A cache of details reduces the cost of reading them, and never changes the result. */
class KnownDetailsTest {
    private final KnownDetails known = new KnownDetails(KnownDetails.DEFAULT_CAPACITY);

    private Verification receive(Forge forge) {
        return new Scene.Receiver().details(known).receive(forge.bytes());
    }

    private static OriginBlock origin(Forge forge) {
        return ((ChainRead.Found) ChainTlv.STANDARD.read(Scene.complete(forge.bytes())))
                .chain()
                .origin();
    }

    private static byte[] travelling(Forge forge) {
        ByteWriter out = new ByteWriter(DetailSection.size(origin(forge).details()));
        DetailSection.write(origin(forge).details(), out);
        return out.toBytes().toByteArray();
    }

    /** Returns whether the section was cached: reading it twice returns the same object. */
    @SuppressWarnings("ReferenceEquality") // the same object: it was not read twice
    private boolean isKnown(byte[] section) throws WireException {
        DetailSection once = known.read(new ByteReader(Bytes.copyOf(section)));
        DetailSection again = known.read(new ByteReader(Bytes.copyOf(section)));
        return once == again;
    }

    @Test
    void aProcessIsReadOnceForAllItsFlows() throws Exception {
        Forge first = Forge.of(3, false);
        Forge second = Forge.of(3, false);
        second.set(2, "ff".repeat(16));

        Verification.Verified one = verified(receive(first));
        Verification.Verified two = verified(receive(second));

        assertThat(isKnown(travelling(first))).isTrue();
        assertThat(two.chain().origin().details()).isSameAs(one.chain().origin().details());
        assertThat(two.originator().identity()).isEqualTo(one.originator().identity());
        assertThat(two.originator().flow()).isNotEqualTo(one.originator().flow());
    }

    @Test
    void closedDetailsAreRememberedAsSuch() throws Exception {
        Forge closed = Forge.of(3, false);
        closed.details.forEach(Forge.DetailForge::close);
        verified(receive(closed));
        assertThat(isKnown(travelling(closed))).isTrue();
        assertThat(isKnown(travelling(Forge.of(3, false)))).isFalse();
    }

    /** Otherwise any client could evict entries. */
    @Test
    void detailsOfUntrustedSignersAreNotRemembered() throws Exception {
        Forge forged = Forge.of(3, false);
        forged.lastLink().forger = Scene.key("stranger");
        assertThat(receive(forged)).isInstanceOf(Verification.Rejected.class);
        assertThat(isKnown(travelling(forged))).isFalse();
    }

    @Test
    void aFileThatDiffersInOneByteIsReadAgain() throws Exception {
        Forge forge = Forge.of(3, false);
        byte[] section = travelling(forge);
        verified(receive(forge));
        for (int i = 0; i < section.length; i++) {
            byte[] other = section.clone();
            other[i] ^= 1;
            assertThat(said(other, known)).as("byte " + i).isEqualTo(said(other, KnownDetails.NONE));
        }
        byte[] shorter = java.util.Arrays.copyOf(section, section.length - 1);
        assertThat(said(shorter, known)).isEqualTo(said(shorter, KnownDetails.NONE));
    }

    private static String said(byte[] section, KnownDetails memory) {
        try {
            DetailSection read = memory.read(new ByteReader(Bytes.copyOf(section)));
            List<Object> commitments = new ArrayList<>();
            read.details().forEach(detail -> commitments.add(detail.commitment()));
            return read.code() + " " + read.workload() + " " + read.processContext() + " " + commitments;
        } catch (WireException e) {
            return e.offset() + ": " + e.problem();
        }
    }

    @Test
    void aNewProcessReplacesOneOther() throws Exception {
        KnownDetails one = new KnownDetails(1);
        Forge first = Forge.of(3, false);
        Forge second = Forge.of(3, false);
        second.detail(3).set(1, new byte[] {'e', 'v', 'e'});

        one.remember(origin(first));
        one.remember(origin(second));

        assertThat(one.read(new ByteReader(Bytes.copyOf(travelling(first)))).processContext())
                .isEqualTo(Scene.curl().processContext());
        assertThat(one.read(new ByteReader(Bytes.copyOf(travelling(second))))
                        .processContext()
                        .userName())
                .contains("eve");
    }

    @Test
    void anOriginWithoutDetailsNeedsNoMemory() throws Exception {
        Forge bare = Forge.of(3, false);
        bare.details.clear();
        verified(receive(bare));
        verified(new Scene.Receiver()
                .details(KnownDetails.NONE)
                .receive(Forge.of(3, false).bytes()));
    }
}
