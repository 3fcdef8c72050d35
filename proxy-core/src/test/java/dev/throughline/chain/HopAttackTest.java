package dev.throughline.chain;

import dev.throughline.originator.HopId;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Changes to the list of hops: links are moved, removed, repeated or taken from another flow, or a hop invents the origin.
 * See {@link HeaderAttack}.
 */
class HopAttackTest extends HeaderAttack {
    @Nested
    class LinkSplicedOntoAnotherFlow {
        private final Forge other = Forge.of(3, false);

        LinkSplicedOntoAnotherFlow() {
            other.set(2, "ff".repeat(16));
        }

        @Test
        void allLinks() {
            keepSignatures(other, captured);
            assertRejected(RejectReason.BAD_SIGNATURE, other);
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1, 2})
        void oneLink(int link) {
            byte[] signature = signatureOf(captured, link);
            other.link(link).signatureEdit = any -> signature;
            assertRejected(RejectReason.BAD_SIGNATURE, other);
        }

        @Test
        void oneSignatureInsteadOfAnother() {
            byte[] first = signatureOf(captured, 0);
            byte[] second = signatureOf(captured, 1);
            captured.link(0).signatureEdit = any -> second;
            captured.link(1).signatureEdit = any -> first;
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }
    }

    @Nested
    class HopRemoved {
        @ParameterizedTest
        @ValueSource(strings = {"0", "1", "2", "0 1", "1 2", "0 2"})
        void withTheOtherLinksUnchanged(String order) {
            assertRejectedInOrder(order);
        }

        /** All rules hold except bad-signature. */
        @Test
        void withTheOtherLinksAdapted() {
            Forge cut = Forge.of(3, false);
            cut.links.remove(1);
            cut.link(0).audience = cut.link(1).hop;
            cut.link(1).index = 1;
            cut.link(1).peer = Forge.endpoint(Scene.outgoing(0, false).source());
            // The attacker has the first hop's key, so only the last hop's signature can reveal the removal.
            byte[] last = signatureOf(captured, 2);
            cut.link(1).signatureEdit = any -> last;
            assertRejected(RejectReason.BAD_SIGNATURE, cut);
        }

        @Test
        void withAllOtherHops() {
            captured.chainEdit = chain -> chain.slice(0, chain.offsetOf("link 0: length of the body") - 1);
            assertRejected(RejectReason.MALFORMED, captured);
        }
    }

    @Nested
    class HopReordered {
        @ParameterizedTest
        @ValueSource(strings = {"0 2 1", "1 0 2", "2 1 0", "1 2 0"})
        void withAllLinksUnchanged(String order) {
            assertRejectedInOrder(order);
        }

        @Test
        void withAllLinksAdapted() {
            Forge swapped = Forge.of(3, false);
            swapped.link(1).signedBy("border");
            swapped.link(2).signedBy("gateway");
            swapped.link(0).audience = HopId.of("border");
            swapped.link(1).audience = HopId.of("gateway");
            byte[] gateways = signatureOf(captured, 1);
            byte[] borders = signatureOf(captured, 2);
            swapped.link(1).signatureEdit = any -> borders;
            swapped.link(2).signatureEdit = any -> gateways;
            assertRejected(RejectReason.BAD_SIGNATURE, swapped);
        }
    }

    @Nested
    class HopRepeated {
        @ParameterizedTest
        @ValueSource(strings = {"0 0 1 2", "0 1 1 2", "0 1 2 2", "0 1 2 0 1 2"})
        void withAllLinksUnchanged(String order) {
            assertRejectedInOrder(order);
        }

        /** All rules hold except loop. */
        @Test
        void byAHopThatSignsTwice() {
            captured.link(2).signedBy("gateway");
            captured.link(1).audience = HopId.of("gateway");
            assertRejected(RejectReason.LOOP, captured);
        }
    }

    /** A hop in the middle has its own key, and all headers that pass it. */
    @Nested
    class OriginInventedByAMiddleHop {
        @Test
        void withAKeyThatMayOnlyContinue() {
            captured.link(0).signedBy("office");
            assertRejected(RejectReason.NOT_AN_ORIGIN, captured);
        }

        @Test
        void withAKeyThatMayBeginForAnotherHost() {
            captured.link(0).signedBy("kiosk");
            assertRejected(RejectReason.HOST_OUT_OF_SCOPE, captured);
        }

        @Test
        void underTheLinkThatTheFirstHopSignedForAnother() {
            byte[] laptops = signatureOf(captured, 0);
            captured.set(8, "000000000000000000000000");
            captured.link(0).signatureEdit = any -> laptops;
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
        }

        @Test
        void inTheFirstHopsName() {
            captured.link(0).signedBy("gateway");
            captured.link(0).hop = HopId.of("laptop");
            vault.trust(Scene.trust(
                    Scene.TRUST.replace(lineOf("gateway") + " hop", lineOf("gateway") + " origin=laptop hop")));
            assertRejected(RejectReason.KEY_OF_OTHER_HOP, captured);
        }

        /** A key that may only begin chains must not continue one. */
        @Test
        void andNoMiddleHopIsInventedByAnOrigin() {
            captured.link(1).signedBy("kiosk");
            captured.link(0).audience = HopId.of("kiosk");
            assertRejected(RejectReason.NOT_A_HOP, captured);
        }
    }
}
