package dev.throughline.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class TupleTest {
    private static final InetSocketAddress V4 = at("192.0.2.1", 1);
    private static final InetSocketAddress V6 = at("2001:db8::1", 65535);

    @Test
    void aTupleIsWrittenInNetworkOrderAndReadBack() {
        Tuple tuple = Tuple.tcp(V6, at("::1", 443));
        assertThat(Bytes.copyOf(tuple.encode()))
                .hasToString("20010db8000000000000000000000001" + "00000000000000000000000000000001" + "ffff" + "01bb");
        assertThat(Tuple.decode(TransportProtocol.TCP6, Bytes.wrap(tuple.encode())))
                .isEqualTo(tuple);
    }

    @Test
    void textHasOneFormThatKeepsPortsApartFromAddresses() {
        assertThat(Tuple.tcp(V4, at("10.0.0.1", 443))).hasToString("192.0.2.1:1 -> 10.0.0.1:443");
        assertThat(Tuple.text(V6)).isEqualTo("[2001:db8::1]:65535");
    }

    @Test
    void bothEndsAreOfTheTransportsFamily() {
        assertThatThrownBy(() -> Tuple.tcp(V4, V6)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Tuple.tcp(V6, V4)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Tuple(TransportProtocol.TCP6, V4, V4))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Tuple(TransportProtocol.UDP4, V6, V6))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void transportsDiffer() {
        assertThat(new Tuple(TransportProtocol.UDP4, V4, V4)).isNotEqualTo(new Tuple(TransportProtocol.TCP4, V4, V4));
    }

    @Test
    void anIpv4MappedAddressOnTheWireIsRefused() {
        byte[] mapped = Bytes.ofHex("00000000000000000000ffffc0000201").toByteArray();
        assertThatThrownBy(() -> Tuple.address(mapped)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aNameIsNotAnAddress() {
        assertThatThrownBy(() -> Tuple.tcp(InetSocketAddress.createUnresolved("host", 1), V4))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aZoneIsNoPartOfAnAddress() throws Exception {
        byte[] linkLocal = InetAddresses.forString("fe80::1").getAddress();
        InetAddress zoned = Inet6Address.getByAddress(null, linkLocal, 7);
        Tuple tuple = Tuple.tcp(new InetSocketAddress(zoned, 5), V6);
        assertThat(tuple).isEqualTo(Tuple.tcp(at("fe80::1", 5), V6)).hasToString("[fe80::1]:5 -> [2001:db8::1]:65535");
    }

    private static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(InetAddresses.forString(address), port);
    }
}
