package dev.throughline.chain;

import static dev.throughline.chain.RejectReason.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import dev.throughline.key.PrivateKey;
import dev.throughline.originator.HopId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each test breaks one rule of a chain of three hops and signs the result as the hops would: without the rule, the
 * header would verify. For numeric limits, the last valid value is accepted.
 */
class VerifierRejectsTest {
    private final Forge forge = Forge.of(3, false);
    private final Scene.Receiver vault = new Scene.Receiver();

    @Test
    void aLocalHeader() {
        forge.versionCommand = 0x20;
        assertRejected(LOCAL_NOT_ALLOWED, -1);
    }

    @Test
    void aHeaderWithoutAChain() {
        forge.fragmentEdit = fragments -> List.of();
        assertRejected(UNSIGNED, -1);
    }

    @Test
    void aChainThatCannotBeRead() {
        forge.chainEdit = chain -> chain.replaced("origin block", "03");
        assertRejected(MALFORMED, -1);
    }

    @Test
    void anAddressBlockThatIsNotTheSignedTuple() {
        forge.addresses = Tuple.tcp(Scene.at("192.0.2.10", 40000), Scene.at("198.51.100.80", 444))
                .encode();
        assertRejected(ADDRESS_MISMATCH, -1);
    }

    @Test
    void anAddressBlockOfAnotherTransport() {
        forge.family = 0x12;
        assertRejected(ADDRESS_MISMATCH, -1);
    }

    @Test
    void moreHopsThanTheReceiverAllows() {
        vault.maxHops(3);
        assertAccepted();
        vault.maxHops(2);
        assertRejected(TOO_MANY_HOPS, -1);
    }

    @Test
    void aLinkOutOfOrder() {
        forge.link(1).index = 2;
        assertRejected(LINK_ORDER, 1);
    }

    @Test
    void aChainThatPassedTheReceiverBefore() {
        forge.link(1).signedBy("vault");
        forge.link(0).audience = HopId.of("vault");
        assertRejected(LOOP, 1);
    }

    @Test
    void aHopThatPassedOnWhatItHadNotVerified() {
        forge.link(1).previousVerified = false;
        assertRejected(PREVIOUS_NOT_VERIFIED, 1);
    }

    @Test
    void aFirstHopThatClaimsToHaveVerifiedWhatWasBeforeIt() {
        forge.link(0).previousVerified = true;
        assertRejected(PREVIOUS_NOT_VERIFIED, 0);
    }

    @Test
    void aTlsExporterThatCannotBeCompared() {
        forge.link(2).exporter = new byte[32];
        assertRejected(EXPORTER_NOT_CHECKABLE, 2);
    }

    @Test
    void anUntrustedKey() {
        forge.link(1).signedBy("stranger");
        forge.link(0).audience = HopId.of("stranger");
        assertRejected(UNKNOWN_KEY, 1);
    }

    @Test
    void aKeyThatWasRevoked() {
        forge.link(1).signedBy("gateway (revoked)");
        assertRejected(KEY_REVOKED, 1);
    }

    @Test
    void aKeyAfterItsTime() {
        forge.link(0).signedBy("laptop (past)");
        assertRejected(KEY_NOT_VALID_NOW, 0);
        vault.now(Scene.NOW.minusMillis(1));
        assertAccepted();
    }

    @Test
    void aKeyBeforeItsTime() {
        forge.link(0).signedBy("laptop (future)");
        assertRejected(KEY_NOT_VALID_NOW, 0);
        vault.now(Scene.NOW.plusMillis(1));
        assertAccepted();
    }

    @Test
    void aLinkInTheNameOfAHopThatDoesNotOwnTheKey() {
        forge.link(1).hop = HopId.of("office");
        forge.link(0).audience = HopId.of("office");
        assertRejected(KEY_OF_OTHER_HOP, 1);
    }

    @Test
    void aLifeOfMoreThanThirtySeconds() {
        forge.link(0).ttl = 300;
        assertAccepted();
        forge.link(0).ttl = 301;
        assertRejected(TTL_TOO_LONG, 0);
    }

    @Test
    void aLinkThatIsOlderThanTheOneBeforeIt() {
        forge.link(1).issuedAt = Scene.issuedAt(0).minus(Scene.SKEW);
        assertAccepted();
        forge.link(1).issuedAt = forge.link(1).issuedAt.minusMillis(1);
        assertRejected(TIME_REVERSED, 1);
    }

    @Test
    void aChainThatWasIssuedBeforeTheReceiverStarted() {
        vault.started(Scene.issuedAt(2));
        assertAccepted();
        vault.started(Scene.issuedAt(2).plusMillis(1));
        assertRejected(ISSUED_BEFORE_START, 2);
    }

    @Test
    void aLinkThatAnotherHopThanItsAudiencePassedOn() {
        forge.link(0).audience = HopId.of("office");
        assertRejected(AUDIENCE_BROKEN, 0);
    }

    @Test
    void anOriginWhoseSourceIsNotThePeerOfTheFirstHop() {
        forge.link(0).peer = Forge.endpoint(Scene.at("192.0.2.10", 40001));
        assertRejected(PEER_BROKEN, 0);
    }

    @Test
    void aLinkThatCameInByAnotherConnectionThanItLeftBy() {
        forge.link(1).peer = Forge.endpoint(Scene.at("10.0.0.1", 41009));
        assertRejected(PEER_BROKEN, 1);
    }

    @Test
    void aLaterLinkThatCameInByAUnixSocket() {
        forge.link(2).peer = new byte[0];
        assertRejected(PEER_BROKEN, 2);
    }

    @Test
    void aChainThatIsMeantForAnotherReceiver() {
        forge.link(2).audience = HopId.of("office");
        assertRejected(NOT_MY_AUDIENCE, 2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.2.9 41002 10.0.2.2 7000",
                "10.0.2.1 41009 10.0.2.2 7000",
                "10.0.2.1 41002 10.0.2.9 7000",
                "10.0.2.1 41002 10.0.2.2 7009"
            })
    void aChainThatArrivesByAnotherConnection(String socket) {
        String[] part = socket.split(" ");
        vault.socket(
                Tuple.tcp(Scene.at(part[0], Integer.parseInt(part[1])), Scene.at(part[2], Integer.parseInt(part[3]))));
        assertRejected(NOT_MY_CONNECTION, 2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aLinkThatItsKeyDidNotSign(int link) {
        forge.link(link).forger = Scene.key("stranger");
        assertRejected(BAD_SIGNATURE, link);
    }

    @Test
    void aSignatureForAnotherKeyOfTheSameHop() {
        PrivateKey other = Scene.key("laptop (hop)");
        forge.link(0).forger = other;
        assertRejected(BAD_SIGNATURE, 0);
    }

    @Test
    void aFlowThatIsPresentedForTheFourthTime() {
        for (int i = 0; i < ReplayWindow.FLOW_LIMIT; i++) {
            forge.link(2).issuedAt = Scene.issuedAt(2).plusMillis(i);
            assertThat(vault.receive(forge.bytes())).isInstanceOf(Verification.Verified.class);
        }
        forge.link(2).issuedAt = Scene.issuedAt(2).plusMillis(3);
        assertReplayed(FLOW_REPEATED);
    }

    @Test
    void withTheReasonOfTheRuleThatComesFirst() {
        forge.link(0).forger = Scene.key("stranger");
        forge.link(1).audience = HopId.of("office");
        forge.link(2).ttl = 301;
        assertRejected(TTL_TOO_LONG, 2);
    }

    private void assertReplayed(RejectReason reason) {
        assertThat(vault.receive(forge.bytes()))
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(reason));
    }

    private void assertAccepted() {
        vault.window(new ReplayWindow(10));
        assertThat(vault.receive(forge.bytes())).isInstanceOf(Verification.Verified.class);
    }

    private void assertRejected(RejectReason reason, int link) {
        vault.window(new ReplayWindow(10));
        assertThat(vault.receive(forge.bytes())).isInstanceOfSatisfying(Verification.Rejected.class, rejected -> {
            assertThat(rejected.reason()).as(rejected.detail()).isEqualTo(reason);
            assertThat(rejected.link()).isEqualTo(link);
            assertThat(rejected.detail()).isNotBlank();
        });
    }
}
