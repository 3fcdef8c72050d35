package dev.throughline.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Cidr;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DestinationMeaningsTest {
    private static boolean holds(String network, InetAddress destination) {
        InetAddress source = destination instanceof Inet6Address
                ? InetAddresses.forString("2001:db8::1")
                : InetAddresses.forString("192.0.2.1");
        Originator who = new Originator(
                HostId.of("edge-1"),
                new FlowId(0, 0),
                Instant.EPOCH,
                Tuple.tcp(new InetSocketAddress(source, 1), new InetSocketAddress(destination, 80)),
                InterceptionMethod.SOCKET,
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
        return new Condition.Destination(ImmutableList.of(Cidr.parse(network)))
                .holds(new PolicyRequest(who, Optional.empty()));
    }

    @ParameterizedTest
    @CsvSource({
        "198.51.100.0/24, 64:ff9b::198.51.100.80",
        "198.51.100.80, 64:ff9b::c633:6450",
        "64:ff9b::/96, 64:ff9b::198.51.100.80",
        "127.0.0.0/8, 0.0.0.0",
        "127.0.0.1, 64:ff9b::0.0.0.0",
        "127.0.0.0/8, 64:ff9b::127.0.0.1",
        "::1, ::",
        "0.0.0.0, 0.0.0.0",
        "::/128, ::",
    })
    @Tag("attack")
    void aDeniedDestinationIsDeniedInEveryNotation(String network, String destination) {
        assertThat(holds(network, InetAddresses.forString(destination))).isTrue();
    }

    @Test
    @Tag("attack")
    void aDeniedDestinationIsDeniedAsAnIpv4MappedOne() throws UnknownHostException {
        byte[] mapped = new byte[16];
        mapped[10] = (byte) 0xFF;
        mapped[11] = (byte) 0xFF;
        System.arraycopy(InetAddresses.forString("198.51.100.80").getAddress(), 0, mapped, 12, 4);
        InetAddress destination = Inet6Address.getByAddress("", mapped, -1);
        assertThat(destination).isInstanceOf(Inet6Address.class);
        assertThat(DestinationMeanings.of(destination)).contains(InetAddresses.forString("198.51.100.80"));
    }

    @ParameterizedTest
    @CsvSource({
        "198.51.100.0/24, 64:ff9b:1::198.51.100.80",
        "198.51.100.0/24, 2001:db8::198.51.100.80",
        "127.0.0.0/8, 0.0.0.1",
        "::1, 0.0.0.0",
        "127.0.0.0/8, ::",
    })
    void otherAddressesMeanOnlyThemselves(String network, String destination) {
        assertThat(holds(network, InetAddresses.forString(destination))).isFalse();
    }
}
