package dev.throughline.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25", "192.0.2.1/32", "::/0", "2001:db8::/32", "::1/128"})
    void writesTheTextThatItRead(String text) {
        assertThat(Cidr.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({"192.0.2.1, 192.0.2.1/32", "2001:DB8:0::1, 2001:db8::1/128"})
    void anAddressAloneIsTheNetworkOfItself(String text, String network) {
        assertThat(Cidr.parse(text)).hasToString(network);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.255.255, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "192.0.2.128/25, 192.0.2.127, false",
        "0.0.0.0/0, 255.255.255.255, true",
        "0.0.0.0/0, ::1, false",
        "::/0, 127.0.0.1, false",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::, false",
        "::1/128, ::1, true",
    })
    void containsAddressesOfItsFamilyThatBeginWithThePrefix(String network, String address, boolean contained) {
        assertThat(Cidr.parse(network).contains(InetAddresses.forString(address)))
                .isEqualTo(contained);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.1.0.0/16, true",
        "10.1.0.0/16, 10.0.0.0/8, false",
        "10.0.0.0/8, 10.0.0.0/8, true",
        "::/0, 10.0.0.0/8, false",
    })
    void containsNetworksThatLieWithin(String outer, String inner, boolean contained) {
        assertThat(Cidr.parse(outer).contains(Cidr.parse(inner))).isEqualTo(contained);
    }

    @Test
    void itsFamilyIsThatOfItsAddresses() {
        assertThat(Cidr.parse("10.0.0.0/8").isIpv6()).isFalse();
        assertThat(Cidr.parse("::/0").isIpv6()).isTrue();
    }

    @Test
    void hostBitsAreRefusedWithTheNetworkThatWasPerhapsMeant() {
        assertThatThrownBy(() -> Cidr.parse("10.1.2.3/8"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("10.1.2.3/8 has bits set after its prefix: write 10.0.0.0/8 for the network, "
                        + "or 10.1.2.3 for the single address");
        assertThatThrownBy(() -> Cidr.parse("2001:db8::1/64")).hasMessageContaining("write 2001:db8::/64 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/8",
                "localhost/8",
                "10.0.0/8",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/08",
                "10.0.0.0/8/8",
                " 10.0.0.0/8",
                "::/129",
                "fe80::%eth0/64",
                "::ffff:10.0.0.0/104",
                "::ffff:10.0.0.0/8",
                "::ffff:10.0.0.1",
            })
    void rejectsTextThatIsNotANetwork(String text) {
        assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
