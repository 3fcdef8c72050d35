package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Chains that every hop signed correctly. */
class VerifierAcceptsTest {
    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "3, false", "4, false", "1, true", "2, true", "3, true", "4, true"})
    void aChainOfHonestHopsTellsTheReceiverWhoOpenedTheFlow(int hops, boolean ipv6) {
        Scene.Receiver vault = new Scene.Receiver().socket(Scene.outgoing(hops - 1, ipv6));

        Verification.Verified verified = verified(vault.receive(Scene.header(Scene.chain(hops, ipv6))));

        assertThat(verified.originator()).isEqualTo(Scene.originator(ipv6));
        assertThat(verified.signers())
                .extracting(key -> key.hopName())
                .containsExactlyElementsOf(Scene.HOPS.subList(0, hops));
        assertThat(verified.links()).extracting(Link::issuedAt).first().isEqualTo(Scene.issuedAt(0));
    }

    @ParameterizedTest
    @CsvSource({"1, false", "3, false", "4, true", "8, false"})
    void anIndependentWriterOfTheSpecificationMakesTheSameBytes(int hops, boolean ipv6) {
        assertThat(Scene.header(Scene.chain(hops, ipv6)).toHex())
                .isEqualTo(Bytes.copyOf(Forge.of(hops, ipv6).bytes()).toHex());
    }

    @Test
    void aHopMayBeConfiguredToTakeEightLinks() {
        Scene.Receiver vault =
                new Scene.Receiver().socket(Scene.outgoing(7, false)).maxHops(8);
        verified(vault.receive(Forge.of(8, false).bytes()));
        assertThatThrownBy(() -> new Scene.Receiver()
                        .maxHops(9)
                        .receive(Forge.of(1, false).bytes()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Scene.Receiver()
                        .maxHops(0)
                        .receive(Forge.of(1, false).bytes()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anIpv4FlowMayCrossIpv6AndBack() {
        Forge forge = Forge.of(3, false);
        forge.link(0).outgoing = Scene.outgoing(0, true).encode();
        forge.link(1).peer = Forge.endpoint(Scene.outgoing(0, true).source());
        verified(new Scene.Receiver().receive(forge.bytes()));
    }

    @Test
    void aFlowThatCameToTheFirstHopByAUnixSocketHasNoPeerThere() {
        Forge forge = Forge.of(3, false);
        forge.link(0).peer = new byte[0];
        forge.link(0).ingress = 8;
        Verification.Verified verified = verified(new Scene.Receiver().receive(forge.bytes()));
        assertThat(verified.links().getFirst().observedPeer()).isEmpty();
    }

    @Test
    void anUnknownOriginatorIsVerified() {
        Forge forge = Forge.of(3, false);
        forge.set(5, "0004");
        forge.remove(7);
        forge.remove(8);
        forge.details.clear();
        Originator originator =
                verified(new Scene.Receiver().receive(forge.bytes())).originator();
        assertThat(originator.identity()).isEqualTo(ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
    }

    @Test
    void foreignTlvsAndAChecksumAreNoConcernOfTheChain() {
        Forge forge = Forge.of(3, false);
        forge.before.add(Forge.tlv(0x04, "0000"));
        forge.after.add(Forge.tlv(0xEA, "01"));
        forge.after.add(Forge.tlv(0xE5, "4647"));
        forge.checksum = true;
        verified(new Scene.Receiver().receive(forge.bytes()));
    }

    static Verification.Verified verified(Verification verification) {
        assertThat(verification).isInstanceOf(Verification.Verified.class);
        return (Verification.Verified) verification;
    }
}
