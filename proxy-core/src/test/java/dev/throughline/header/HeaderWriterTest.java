package dev.throughline.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HeaderWriterTest {
    private static final List<Tlv> TLVS =
            List.of(new Tlv(0x04, Bytes.EMPTY), new Tlv(0xE5, Bytes.ofHex("4649")), new Tlv(0xFF, Bytes.ofHex("00")));

    @ParameterizedTest
    @EnumSource(TransportProtocol.class)
    void readsAndRewritesWrittenHeadersUnchanged(TransportProtocol transport) {
        Tuple tuple = tuple(transport);
        Bytes written = HeaderWriter.proxy(tuple, TLVS);

        Header read = read(written);

        assertThat(read.tuple()).contains(tuple);
        assertThat(read.tlvs()).isEqualTo(TLVS);
        assertThat(read.raw()).isEqualTo(written);
        assertThat(HeaderWriter.proxy(read.tuple().orElseThrow(), read.tlvs())).isEqualTo(written);
        assertThat(HeaderWriter.size(tuple, TLVS)).isEqualTo(written.length());
    }

    @Test
    void theFirstBytesAreThoseOfTheSpecification() {
        assertThat(HeaderWriter.proxy(tuple(TransportProtocol.TCP4), List.of()))
                .hasToString(
                        "0d0a0d0a000d0a515549540a" + "21" + "11" + "000c" + "c000020a" + "c6336450" + "9c40" + "01bb");
    }

    @Test
    void aHeaderThatSpeaksForNoFlowHasNoAddresses() {
        Bytes written = HeaderWriter.local(TLVS);

        Header read = read(written);

        assertThat(written.part(0, 16)).hasToString("0d0a0d0a000d0a515549540a" + "20" + "00" + "000c");
        assertThat(read.command()).isEqualTo(Header.Command.LOCAL);
        assertThat(read.tlvs()).isEqualTo(TLVS);
        assertThat(read(HeaderWriter.localWithChecksum(TLVS)).tlvs()).hasSize(4).startsWith(TLVS.toArray(Tlv[]::new));
    }

    @Test
    void theChecksumIsTheLastTlv() {
        Header read = read(HeaderWriter.proxyWithChecksum(tuple(TransportProtocol.TCP6), TLVS));
        assertThat(read.tlvs()).hasSize(4).startsWith(TLVS.toArray(Tlv[]::new));
        assertThat(read.tlvs().getLast().type()).isEqualTo(Tlv.CRC32C);
    }

    @Test
    void aLengthThatDoesNotFitIsRefusedNotWrapped() {
        Tlv largest = new Tlv(0xEE, Bytes.copyOf(new byte[0xFFFF - 12 - 3]));
        assertThat(HeaderWriter.proxy(tuple(TransportProtocol.TCP4), List.of(largest))
                        .length())
                .isEqualTo(16 + 0xFFFF);
        Tlv one = new Tlv(0xEE, Bytes.EMPTY);
        assertThatThrownBy(() -> HeaderWriter.proxy(tuple(TransportProtocol.TCP4), List.of(largest, one)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("65535");
    }

    @Test
    void aTlvHasATypeOfOneByteAndALengthOfTwo() {
        assertThatThrownBy(() -> new Tlv(256, Bytes.EMPTY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Tlv(-1, Bytes.EMPTY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Tlv(1, Bytes.copyOf(new byte[0x10000])))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Tuple tuple(TransportProtocol transport) {
        return new Tuple(
                transport,
                new InetSocketAddress(
                        InetAddresses.forString(transport.isIpv6() ? "2001:db8::10" : "192.0.2.10"), 40000),
                new InetSocketAddress(
                        InetAddresses.forString(transport.isIpv6() ? "2001:db8::80" : "198.51.100.80"), 443));
    }

    private static Header read(Bytes bytes) {
        ReadResult result = new HeaderReader(HeaderLimits.NORMAL).read(bytes.toByteArray(), bytes.length());
        assertThat(result).isInstanceOf(ReadResult.Complete.class);
        return ((ReadResult.Complete) result).header();
    }
}
