package dev.throughline.header;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class KnownAddressesTest {
    private static byte[] bytes(int number) {
        return new byte[] {10, (byte) (number >> 16), (byte) (number >> 8), (byte) number};
    }

    @Test
    void anAddressIsSharedUntilAnotherReplacesIt() throws Exception {
        InetAddress address = KnownAddresses.ipv4(bytes(1));
        assertThat(KnownAddresses.ipv4(bytes(1))).isSameAs(address);
    }

    @Test
    void manyAddressesAreTheirOwn() throws Exception {
        for (int number = 0; number < 5_000; number++) {
            assertThat(KnownAddresses.ipv4(bytes(number)).getAddress()).isEqualTo(bytes(number));
            assertThat(Tuple.address(bytes(number / 2)).getAddress()).isEqualTo(bytes(number / 2));
        }
    }
}
