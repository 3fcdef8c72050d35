package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalAddressesTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.200.3.4", "::1"})
    void loopbackIsLocal(String address) throws IOException {
        try (LocalAddresses local = LocalAddresses.open()) {
            assertThat(local.contains(InetAddresses.forString(address))).isTrue();
            assertThat(local.containedLately(InetAddresses.forString(address))).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.7", "203.0.113.9", "2001:db8::7", "fe80::7", "224.0.0.1", "255.255.255.255"})
    void addressesOfOthersAreNot(String address) throws IOException {
        try (LocalAddresses local = LocalAddresses.open()) {
            assertThat(local.contains(InetAddresses.forString(address))).isFalse();
            assertThat(local.containedLately(InetAddresses.forString(address))).isFalse();
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

    /** Every change clears the cache: an address that is added, removed, or routed to this host. */
    @Timeout(60)
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "192.0.2.77 | addr add 192.0.2.77/32 dev lo, addr del 192.0.2.77/32 dev lo | false true false",
                "2001:db8::77 | addr add 2001:db8::77/128 dev lo, addr del 2001:db8::77/128 dev lo | false true false",
                "198.51.100.7 | route add local 198.51.100.0/24 dev lo, route del local 198.51.100.0/24 dev lo | false true false",
                "198.51.100.8 | route add local 198.51.100.0/24 dev lo table 77, rule add table 77, rule del table 77"
                        + " | false false true false"
            })
    void anAnswerHoldsUntilSomethingChanges(String address, String commands, String answers) throws Exception {
        Process child = new ProcessBuilder(
                        "unshare",
                        "-n",
                        "sh",
                        "-c",
                        "ip link set lo up && exec \"$@\"",
                        "sh",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LocalAddressChange.class.getName(),
                        address,
                        commands)
                .redirectErrorStream(true)
                .start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assumeFalse(said.startsWith("unshare:"), said);

        assertThat(said).isEqualTo(answers);
    }

    private static boolean answer(LocalAddresses local, java.net.InetAddress address) {
        try {
            return local.contains(address);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
