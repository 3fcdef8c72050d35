package dev.throughline.bridge;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Bytes;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Invalid values can't be created; the vectors have the valid ones. */
class BridgeFormsTest {
    private static final Tuple TCP = Tuple.tcp(at("192.0.2.10"), at("198.51.100.80"));
    private static final Tuple UDP = new Tuple(TransportProtocol.UDP4, at("192.0.2.10"), at("198.51.100.80"));

    private static InetSocketAddress at(String address) {
        return new InetSocketAddress(InetAddresses.forString(address), 443);
    }

    @Test
    void anAgentOpensTcpOnly() {
        assertRefused("TCP", () -> new BridgeRequest.Open(UDP, Optional.empty()));
    }

    @Test
    void aHandleHasOneTo32Bytes() {
        assertRefused("1 to 32", () -> new BridgeRequest.Open(TCP, Optional.of(Bytes.EMPTY)));
        assertRefused("1 to 32", () -> new BridgeRequest.Open(TCP, Optional.of(Bytes.wrap(new byte[33]))));
    }

    @Test
    void aReasonIsOneWordForPrograms() {
        assertRefused("no close reason", () -> new BridgeAnswer.AgentNotice.Waiting("Cannot allocate memory"));
        assertRefused("no close reason", () -> new BridgeAnswer.Failed(""));
    }

    @Test
    void limitsAreNumbersOf32Bits() {
        assertRefused("32 bits", () -> new BridgeAnswer.AgentNotice.Limits(-1, 0, 0));
        assertRefused("32 bits", () -> new BridgeAnswer.AgentNotice.Limits(0, 1L << 32, 0));
    }

    @Test
    void noMoreWaitThanAreInUse() {
        assertRefused("3 wait, of 2", () -> new BridgeAnswer.AgentNotice.Limits(512, 2, 3));
    }

    @Test
    void addressesAreThoseOfAConnection() {
        assertRefused("TCP, not UDP4", () -> new BridgeAnswer.AgentNotice.Addresses(UDP));
    }

    /** Otherwise one value would have two encodings. */
    @Test
    void knownNewsArentMadeAsUnknownOnes() {
        assertRefused("84 to ff", () -> new BridgeAnswer.AgentNotice.Unknown(0x83, Bytes.EMPTY));
        assertRefused("84 to ff", () -> new BridgeAnswer.AgentNotice.Unknown(0x100, Bytes.EMPTY));
        assertRefused("short", () -> new BridgeAnswer.AgentNotice.Unknown(0x84, Bytes.wrap(new byte[257])));
    }

    private static void assertRefused(String why, ThrowingCallable making) {
        assertThatThrownBy(making).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }
}
