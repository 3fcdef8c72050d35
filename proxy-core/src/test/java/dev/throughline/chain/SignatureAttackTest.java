package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.key.PublicKey;
import dev.throughline.originator.HopId;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attacks on keys and signatures. See {@link HeaderAttack}. */
class SignatureAttackTest extends HeaderAttack {
    /** Signatures are verified last, and only a verified header takes memory. AttackIT tests the budget of a peer. */
    @Nested
    class FloodOfBadSignatures {
        static Stream<Arguments> cheap() {
            return Stream.of(
                    cheap(RejectReason.ADDRESS_MISMATCH, f -> f.addresses[11] ^= 1),
                    cheap(RejectReason.LINK_ORDER, f -> f.link(2).index = 1),
                    cheap(RejectReason.UNKNOWN_KEY, f -> f.link(2).signedBy("stranger")),
                    cheap(RejectReason.ALGORITHM_MISMATCH, f -> f.link(2).algorithm = 2),
                    cheap(RejectReason.TTL_TOO_LONG, f -> f.link(2).ttl = 301),
                    cheap(RejectReason.EXPIRED, f -> f.links.forEach(l -> l.issuedAt = l.issuedAt.minusSeconds(20))),
                    cheap(RejectReason.AUDIENCE_BROKEN, f -> f.link(1).audience = HopId.of("office")),
                    cheap(RejectReason.PEER_BROKEN, f -> f.link(2).peer[5] ^= 1),
                    cheap(RejectReason.NOT_MY_AUDIENCE, f -> f.link(2).audience = HopId.of("office")),
                    cheap(RejectReason.NOT_MY_CONNECTION, f -> f.link(2).outgoing[11] ^= 1));
        }

        private static Arguments cheap(RejectReason reason, Consumer<Forge> wrong) {
            return Arguments.of(reason, wrong);
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("cheap")
        void costsNoVerificationIfAnotherRuleIsBroken(RejectReason reason, Consumer<Forge> wrong) {
            captured.link(0).forger = Scene.key("stranger");
            wrong.accept(captured);
            assertRejected(reason, captured);
        }

        @Test
        void isNotStoredInTheReplayWindow() {
            ReplayWindow window = new ReplayWindow(10);
            vault.window(window);
            captured.link(2).forger = Scene.key("stranger");
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
            assertThat(window.size()).isZero();
        }
    }

    @Nested
    class AlgorithmConfusion {
        @ParameterizedTest
        @ValueSource(ints = {0, 2, 3, 255})
        void withAnEd25519Key(int algorithm) {
            captured.link(1).algorithm = algorithm;
            assertRejected(RejectReason.ALGORITHM_MISMATCH, captured);
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1, 3, 255})
        void withAP256Key(int algorithm) {
            captured.link(1).signedBy("gateway (P-256)");
            verified(new Scene.Receiver().receive(captured.bytes()));
            captured.link(1).algorithm = algorithm;
            assertRejected(RejectReason.ALGORITHM_MISMATCH, captured);
        }

        /** A hop has keys of both algorithms; a signature by one doesn't count for the other. */
        @ParameterizedTest
        @CsvSource({"gateway, gateway (P-256)", "gateway (P-256), gateway"})
        void withASignatureOfTheOtherAlgorithm(String claimed, String used) {
            captured.link(1).signedBy(claimed);
            captured.link(1).forger = Scene.key(used);
            assertRejected(RejectReason.BAD_SIGNATURE, captured);
            captured.link(1).algorithm = Scene.key(used).publicKey().algorithm().code();
            assertRejected(RejectReason.ALGORITHM_MISMATCH, captured);
        }
    }

    @Nested
    class RevokedKey {
        @Test
        void thatHasNotExpired() {
            vault.trust(Scene.trust(Scene.TRUST.replace(" hop revoked", " hop until=2030-01-01T00:00:00Z revoked")));
            captured.link(1).signedBy("gateway (revoked)");
            assertRejected(RejectReason.KEY_REVOKED, captured);
        }

        /** The signature is valid, and the receiver has cached it. */
        @Test
        void forABatchThatWasVerifiedBefore() {
            VerifiedBatches known = new VerifiedBatches(10);
            vault.batches(known);
            captured.link(1).batch(4, 0);
            verified(vault.receive(captured.bytes()));

            String line = lineOf("gateway");
            vault.trust(Scene.trust(Scene.TRUST.replace(line + " hop\n", line + " hop revoked # lost\n")))
                    .window(new ReplayWindow(10));
            assertRejected(RejectReason.KEY_REVOKED, captured);
            PublicKey gateway = Scene.key("gateway").publicKey();
            known.retain(key -> !key.equals(gateway));
            assertThat(known.size()).isZero();
        }
    }
}
