package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes to the originator in a header, including its closed details. See {@link HeaderAttack}. */
class OriginatorAttackTest extends HeaderAttack {
    @Nested
    class EditedOriginator {
        private final Forge edited = Forge.of(3, false);

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 5, 6, 7, 8})
        void inAnyField(int tag) {
            vault.trust(Scene.trust(Scene.TRUST.replace("origin=laptop\n", "origin=*\n")));
            String hex = Bytes.copyOf(edited.core.get(tag - 1).value()).toHex();
            // 02 -> 01 and 01 -> 03 are known codes; elsewhere any byte will do.
            String first = hex.startsWith("02") ? "01" : hex.startsWith("01") ? "03" : "7f";
            edited.set(tag, first + hex.substring(2));
            keepSignatures(edited, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, edited);
        }

        @Test
        void inItsTupleAndInTheAddressBlock() {
            Tuple other = Tuple.tcp(Scene.flow(false).source(), Scene.at("198.51.100.81", 443));
            edited.addresses = other.encode();
            edited.set(4, Bytes.copyOf(Forge.tupleField(other)).toHex());
            keepSignatures(edited, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, edited);
        }

        @Test
        void inAnOpenDetail() {
            edited.detail(1).set(1, "/usr/bin/ssh!".getBytes(StandardCharsets.US_ASCII));
            keepSignatures(edited, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, edited);
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1, 2})
        void byLeavingOutADetail(int place) {
            edited.details.remove(place);
            keepSignatures(edited, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, edited);
        }

        @Test
        void byAddingADetail() {
            captured.details.removeLast();
            keepSignatures(edited, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, edited);
        }

        /** A detail with only a path has the same fields as one with only a user name. */
        @Test
        void byTakingOneDetailForAnother() {
            for (Forge forge : List.of(captured, edited)) {
                forge.details.subList(1, 3).clear();
                forge.detail(1).fields.subList(1, 3).clear();
            }
            edited.detail(1).kind = 3;
            keepSignatures(edited, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, edited);
        }
    }

    @Nested
    class SwappedOriginator {
        /** Two flows of one host at the same time and by the same connection differ in their origin block only. */
        @Test
        void ofTwoGenuineHeaders() {
            Signer laptop = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
            Chain one = laptop.sign(flow(laptop, 1));
            Chain other = laptop.sign(flow(laptop, 2));
            vault.socket(Scene.outgoing(0, false));
            assertThat(vault.receive(Scene.header(new Chain(other.origin(), one.links()))))
                    .satisfies(rejectedFor(RejectReason.BAD_SIGNATURE));
        }
    }

    @Nested
    class ForgedCommitment {
        private final Forge forged = Forge.of(3, false);

        @Test
        void ofAClosedDetail() {
            forged.detail(1).close();
            forged.detail(1).closedPayload[0] ^= 1;
            keepSignatures(forged, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, forged);
        }

        @Test
        void byAnotherSaltForAnOpenDetail() {
            forged.detail(1).salt[15] ^= 1;
            keepSignatures(forged, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, forged);
        }

        /** Salt and fields together are as long as a commitment. */
        @Test
        void byTakingAnOpenDetailForItsCommitment() {
            captured.detail(3).set(1, "ada lovelace!".getBytes(StandardCharsets.US_ASCII));
            Forge.DetailForge processContext = forged.detail(3);
            processContext.form = 1;
            processContext.closedPayload = new byte[32];
            System.arraycopy(captured.detail(3).salt, 0, processContext.closedPayload, 0, 16);
            System.arraycopy(Bytes.ofHex("01000d").toByteArray(), 0, processContext.closedPayload, 16, 3);
            System.arraycopy(
                    "ada lovelace!".getBytes(StandardCharsets.US_ASCII), 0, processContext.closedPayload, 19, 13);
            keepSignatures(forged, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, forged);
        }
    }

    /** A hop closed a detail; later an attacker presents other content for it. */
    @Nested
    class ForgedOpening {
        private final Signer laptop = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
        private final UnsignedChain kept = ((UnsignedChain.Fit.Fits)
                        flow(laptop, 1).fit(HeaderProfile.NORMAL.keepingBack(EnumSet.of(Detail.Kind.PERSON))))
                .chain();
        private final Chain sent = laptop.sign(kept);
        private final Opening genuine = kept.closed().getFirst();

        private void provesNothing(Opening opening) {
            assertThat(sent.reopen(List.of(opening))).isEqualTo(sent);
        }

        @Test
        void withOtherContent() {
            assertThat(sent.reopen(List.of(genuine)).origin().opening(Detail.Kind.PERSON))
                    .contains(genuine);
            provesNothing(new Opening(Detail.Kind.PERSON, genuine.salt(), Bytes.ofHex("010003657665")));
        }

        @Test
        void withAnotherSalt() {
            provesNothing(new Opening(Detail.Kind.PERSON, Bytes.copyOf(new byte[16]), genuine.fields()));
        }

        @Test
        void ofAnotherKind() {
            provesNothing(new Opening(Detail.Kind.CODE, genuine.salt(), genuine.fields()));
        }

        @Test
        void ofADetailOfAnotherFlow() {
            Signer other = new Signer(Scene.key("laptop"), new FixedRandom("other salts"));
            UnsignedChain same = ((UnsignedChain.Fit.Fits)
                            flow(other, 1).fit(HeaderProfile.NORMAL.keepingBack(EnumSet.of(Detail.Kind.PERSON))))
                    .chain();
            provesNothing(same.closed().getFirst());
        }
    }
}
