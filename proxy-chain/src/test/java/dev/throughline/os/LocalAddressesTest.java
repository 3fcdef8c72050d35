package dev.throughline.os;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.NetworkInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalAddressesTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.200.3.4", "::1"})
    void loopbackIsLocal(String address) throws IOException {
        try (LocalAddresses local = LocalAddresses.open()) {
            assertThat(local.contains(InetAddresses.forString(address))).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.7", "203.0.113.9", "2001:db8::7", "fe80::7", "224.0.0.1", "255.255.255.255"})
    void addressesOfOthersAreNot(String address) throws IOException {
        try (LocalAddresses local = LocalAddresses.open()) {
            assertThat(local.contains(InetAddresses.forString(address))).isFalse();
        }
    }

    @Test
    void everyAddressOfEveryInterfaceIsLocal() throws IOException {
        try (LocalAddresses local = LocalAddresses.open()) {
            NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .map(address -> InetAddresses.forString(
                            InetAddresses.toAddrString(address).replaceFirst("%.*", "")))
                    .forEach(address -> assertThat(answer(local, address))
                            .as(address.toString())
                            .isTrue());
        }
    }

    private static boolean answer(LocalAddresses local, java.net.InetAddress address) {
        try {
            return local.contains(address);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
