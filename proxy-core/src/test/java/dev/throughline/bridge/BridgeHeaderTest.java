package dev.throughline.bridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.Claimed;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers that an agent must not send can't be created; the vectors have the valid ones. */
class BridgeHeaderTest {
    private static final InetSocketAddress SOURCE = new InetSocketAddress("192.0.2.10", 40000);
    private static final InetSocketAddress DESTINATION = new InetSocketAddress("198.51.100.4", 443);
    private static final Tuple FLOW = Tuple.tcp(SOURCE, DESTINATION);
    private static final Claimed<ProcessIdentity> SOMEBODY =
            new Claimed<>(ProcessIdentity.unknown(Evidence.BRIDGE, OperatingSystem.LINUX));

    private static BridgeHeader header(InterceptionMethod wayIn, Optional<String> hostName) {
        return new BridgeHeader(FLOW, wayIn, SOMEBODY, Optional.empty(), hostName);
    }

    @Test
    void onlyTcpIsHandedOver() {
        Tuple datagrams = new Tuple(TransportProtocol.UDP4, SOURCE, DESTINATION);

        assertThatThrownBy(() -> new BridgeHeader(
                        datagrams, InterceptionMethod.REDIRECT, SOMEBODY, Optional.empty(), Optional.empty()))
                .hasMessageContaining("agents pass on TCP");
    }

    /** The bridge is the hop's own interception method, and a proxy's header names no process. */
    @ParameterizedTest
    @EnumSource(
            value = InterceptionMethod.class,
            names = {"UNIX_BRIDGE", "PROXY_HEADER"})
    void noAgentHasAFlowByTheHopsOwnWays(InterceptionMethod way) {
        assertThatThrownBy(() -> header(way, Optional.empty())).hasMessage("agents can't use method " + way);
    }

    @ParameterizedTest
    @EnumSource(
            value = InterceptionMethod.class,
            names = {"UNIX_BRIDGE", "PROXY_HEADER"},
            mode = EnumSource.Mode.EXCLUDE)
    void anAgentMayHaveOneByAnyOther(InterceptionMethod way) {
        assertThat(header(way, Optional.empty()).wayIn()).isEqualTo(way);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "WWW.example.com",
                "www.example.com.",
                "192.0.2.1",
                "a..b",
                "-a.example",
                "b\u00fccher.example"
            })
    void aNameIsAHostNameInLowerCase(String name) {
        assertThatThrownBy(() -> header(InterceptionMethod.REDIRECT, Optional.of(name)))
                .hasMessage("\"" + name + "\" is not a host name");
    }

    /** The block is valid except for the missing process; the offset shows that. */
    @Test
    void aBlockThatEndsAfterItsPrefixLacksItsProcess() {
        assertThat(BridgeHeader.read(block("49420103")))
                .isInstanceOfSatisfying(
                        BridgeRead.Malformed.class,
                        malformed ->
                                assertThat(malformed.offset()).isGreaterThanOrEqualTo(firstTlv() + Tlv.OVERHEAD + 4));
        assertThat(BridgeHeader.read(block("494201")))
                .isInstanceOfSatisfying(
                        BridgeRead.Malformed.class,
                        malformed -> assertThat(malformed.offset()).isEqualTo(firstTlv() + Tlv.OVERHEAD));
    }

    private static int firstTlv() {
        return HeaderWriter.FIXED_BYTES + TransportProtocol.TCP4.addressBytes();
    }

    private static Header block(String hex) {
        List<Tlv> tlvs = ImmutableList.of(new Tlv(BridgeHeader.BLOCK_TYPE, Bytes.ofHex(hex)));
        byte[] bytes = HeaderWriter.proxy(FLOW, tlvs).toByteArray();
        return ((ReadResult.Complete) new HeaderReader(HeaderLimits.NORMAL).read(bytes, bytes.length)).header();
    }
}
