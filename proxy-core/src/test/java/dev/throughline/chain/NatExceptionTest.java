package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Cidr;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Addresses may be translated between two named hops, into one named network, and nowhere else. */
class NatExceptionTest {
    private static final InetSocketAddress TRANSLATED = Scene.at("203.0.113.7", 1024);
    private static final Tuple BY_NAT = Tuple.tcp(TRANSLATED, Scene.at("10.9.9.9", 7000));

    @Test
    void coversThePeerThatALaterHopSaw() {
        assertThat(between(nat("gateway", "border", "203.0.113.0/28"))).isInstanceOf(Verification.Verified.class);
    }

    @Test
    void coversTheConnectionByWhichTheReceiverHasIt() {
        Scene.Receiver vault = new Scene.Receiver().socket(BY_NAT).nat(nat("border", "vault", "203.0.113.7/32"));
        assertThat(vault.receive(Forge.of(3, false).bytes())).isInstanceOf(Verification.Verified.class);
    }

    @ParameterizedTest
    @CsvSource({
        "border, gateway, 203.0.113.0/28",
        "gateway, vault, 203.0.113.0/28",
        "laptop, border, 203.0.113.0/28",
        "gateway, border, 203.0.113.8/29",
        "gateway, border, ::/0",
    })
    void coversNoOtherPairAndNoOtherNetwork(String from, String to, String egress) {
        assertThat(between(nat(from, to, egress)))
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.PEER_BROKEN));
    }

    @ParameterizedTest
    @CsvSource({"gateway, border, 0.0.0.0/0", "vault, border, 0.0.0.0/0", "border, vault, 203.0.113.8/29"})
    void anExceptionForAnotherPairDoesNotCoverTheReceiversConnection(String from, String to, String egress) {
        Scene.Receiver vault = new Scene.Receiver().socket(BY_NAT).nat(nat(from, to, egress));
        assertThat(vault.receive(Forge.of(3, false).bytes()))
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.NOT_MY_CONNECTION));
    }

    @Test
    void doesNotApplyToAUnixSocket() {
        Forge forge = Forge.of(3, false);
        forge.link(2).peer = new byte[0];
        assertThat(new Scene.Receiver()
                        .nat(nat("gateway", "border", "0.0.0.0/0"))
                        .receive(forge.bytes()))
                .isInstanceOf(Verification.Rejected.class);
    }

    @Test
    void doesNotApplyToTheOrigin() {
        Forge forge = Forge.of(3, false);
        forge.link(0).peer = Forge.endpoint(TRANSLATED);
        assertThat(new Scene.Receiver()
                        .nat(nat("laptop", "laptop", "0.0.0.0/0"), nat("laptop", "gateway", "0.0.0.0/0"))
                        .receive(forge.bytes()))
                .isInstanceOf(Verification.Rejected.class);
    }

    private static Verification between(NatException nat) {
        Forge forge = Forge.of(3, false);
        forge.link(2).peer = Forge.endpoint(TRANSLATED);
        return new Scene.Receiver().nat(nat).receive(forge.bytes());
    }

    private static NatException nat(String from, String to, String egress) {
        return new NatException(HopId.of(from), HopId.of(to), Cidr.parse(egress));
    }
}
