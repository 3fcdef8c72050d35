package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.net.InetAddresses;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.Signer;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnsignedHeaderTest {
    private static final Tuple FLOW = Tuple.tcp(at("192.0.2.7", 4711), at("198.51.100.80", 443));
    private static final Tuple SOCKET = Tuple.tcp(at("203.0.113.5", 50000), at("203.0.113.1", 7000));

    private static final String MAPPED = "00000000000000000000ffff";
    private static final String PORTS = "1267" + "01bb";

    private static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(InetAddresses.forString(address), port);
    }

    private static Header read(byte[] bytes) {
        return ((ReadResult.Complete)
                        HeaderReader.ofUnsignedHeaders(HeaderLimits.NORMAL).read(bytes, bytes.length))
                .header();
    }

    private static Header header(Tuple flow, List<Tlv> tlvs) {
        return read(HeaderWriter.proxy(flow, tlvs).toByteArray());
    }

    private static Tuple flow(Header header, Tuple socket) {
        return UnsignedHeader.flow(header, socket, ChainTlv.STANDARD);
    }

    private static FlowRejectedException refusal(Header header, Tuple socket) {
        return catchThrowableOfType(FlowRejectedException.class, () -> flow(header, socket));
    }

    private static CloseReason reason(Tuple flow) {
        return refusal(header(flow, List.of()), SOCKET).reason();
    }

    @Test
    void aTcpFlowHasTheAddressesOfTheHeader() {
        Tuple ipv6 = Tuple.tcp(at("2001:db8::7", 4711), at("2001:db8:80::80", 443));

        assertThat(flow(header(FLOW, List.of()), SOCKET)).isEqualTo(FLOW);
        assertThat(flow(header(ipv6, List.of()), SOCKET)).isEqualTo(ipv6);
    }

    private static Header withAddresses(String family, String addresses) {
        int length = addresses.length() / 2;
        return read(HexFormat.of()
                .parseHex("0d0a0d0a000d0a515549540a21" + family + HexFormat.of().toHexDigits((short) length)
                        + addresses));
    }

    /** A proxy with a dual-stack socket writes the addresses of IPv4 clients in this form. */
    @Test
    void twoMappedAddressesAreAnIpv4Flow() {
        assertThat(flow(withAddresses("21", MAPPED + "c0000207" + MAPPED + "c6336450" + PORTS), SOCKET))
                .isEqualTo(FLOW);
        Header udp = withAddresses("22", MAPPED + "c0000207" + MAPPED + "c6336450" + PORTS);
        assertThat(refusal(udp, SOCKET).detail()).isEqualTo("UDP4, only TCP is relayed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                MAPPED + "c0000207" + "20010db8000000000000000000000080",
                "20010db8000000000000000000000007" + MAPPED + "c6336450"
            })
    void aMappedAddressBesideAnIpv6AddressIsNoFlow(String addresses) {
        FlowRejectedException refused = refusal(withAddresses("21", addresses + PORTS), SOCKET);

        assertThat(refused.reason()).isEqualTo(CloseReason.HEADER_WITHOUT_FLOW);
        assertThat(refused.detail()).contains("mapped to IPv6");
    }

    /** All notations of an address have the same meaning. */
    @ParameterizedTest
    @ValueSource(strings = {"7f000001", "00000000", "a9fea9fe"})
    void aMappedDestinationThatMeansTheProxysHostIsNotThisOne(String destination) {
        FlowRejectedException refused =
                refusal(withAddresses("21", MAPPED + "c0000207" + MAPPED + destination + PORTS), SOCKET);

        assertThat(refused.reason()).isEqualTo(CloseReason.DESTINATION_NOT_HERE);
    }

    @Test
    void aMappedDestinationThatIsThisListenerIsALoop() {
        FlowRejectedException refused =
                refusal(withAddresses("21", MAPPED + "c0000207" + MAPPED + "cb007101" + "1267" + "1b58"), SOCKET);

        assertThat(refused.reason()).isEqualTo(CloseReason.LOOP);
    }

    @Test
    void tlvsOfOthersAreNoChain() {
        List<Tlv> others = List.of(
                new Tlv(0x02, Bytes.ofHex("61")),
                new Tlv(0xE5, Bytes.ofHex("4648010001")),
                new Tlv(0xEA, Bytes.ofHex("4649010001")));

        assertThat(flow(header(FLOW, others), SOCKET)).isEqualTo(FLOW);
    }

    @Test
    void localAndUdpAreNoTcpFlows() {
        Header local = read(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a20000000"));
        Tuple udp = new Tuple(TransportProtocol.UDP4, FLOW.source(), FLOW.destination());

        assertThat(refusal(local, SOCKET).reason()).isEqualTo(CloseReason.HEADER_WITHOUT_FLOW);
        assertThat(refusal(local, SOCKET).detail()).isEqualTo("command LOCAL, which is for health checkers");
        assertThat(reason(udp)).isEqualTo(CloseReason.HEADER_WITHOUT_FLOW);
        assertThat(refusal(header(udp, List.of()), SOCKET).detail()).isEqualTo("UDP4, only TCP is relayed");
    }

    /** A signed identity must not be lost without notice: neither with another TLV type, nor if it is damaged. */
    @Test
    void aChainIsRefusedWhereverItIs() throws KeyFormatException {
        for (int type : new int[] {0xE0, 0xE5, 0xEF}) {
            List<Tlv> chain = new ChainTlv(type).write(chain()).orElseThrow();
            assertThat(refusal(header(FLOW, chain), SOCKET).reason())
                    .as(Integer.toHexString(type))
                    .isEqualTo(CloseReason.HEADER_SIGNED);
        }
        List<Tlv> damaged = List.of(new Tlv(ChainTlv.STANDARD.type(), Bytes.ofHex("4649010001")));
        assertThat(refusal(header(FLOW, damaged), SOCKET).reason()).isEqualTo(CloseReason.HEADER_SIGNED);
    }

    private static Chain chain() throws KeyFormatException {
        Originator who = new Originator(
                HostId.of("edge-1"),
                new FlowId(1, 2),
                Instant.EPOCH,
                FLOW,
                InterceptionMethod.SOCKET,
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
        LinkDraft draft = new LinkDraft(
                HopId.of("hop-b"),
                Instant.EPOCH,
                Duration.ofSeconds(10),
                InterceptionMethod.SOCKET,
                InterceptionMethod.SOCKET,
                Optional.of(FLOW.source()),
                SOCKET);
        PrivateKey key = PrivateKey.generate("hop-a", new SecureRandom());
        Signer signer = new Signer(key, new SecureRandom());
        return signer.sign(signer.originate(who, draft));
    }

    /** Otherwise clients of a proxy could reach services on this host's loopback. */
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.8.9.1", "0.0.0.0", "169.254.169.254", "::1", "::", "fe80::1"})
    void aDestinationThatMeansTheProxysHostIsNotThisOne(String address) {
        InetSocketAddress source = at(address.contains(":") ? "2001:db8::7" : "192.0.2.7", 4711);
        Tuple flow = Tuple.tcp(source, at(address, 22));
        Tuple onThisHost = Tuple.tcp(at("127.0.0.1", 50000), at("127.0.0.1", 7000));

        assertThat(reason(flow)).isEqualTo(CloseReason.DESTINATION_NOT_HERE);
        assertThat(flow(header(flow, List.of()), onThisHost)).isEqualTo(flow);
    }

    @Test
    void aDestinationThatIsThisListenerIsALoop() {
        assertThat(reason(Tuple.tcp(FLOW.source(), SOCKET.destination()))).isEqualTo(CloseReason.LOOP);
    }
}
