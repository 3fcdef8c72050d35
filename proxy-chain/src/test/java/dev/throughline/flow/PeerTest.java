package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import dev.throughline.identify.UnixPeer;
import dev.throughline.originator.InterceptionMethod;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class PeerTest {
    private static Peer of(String source, OptionalInt user) {
        InetSocketAddress from = new InetSocketAddress(InetAddresses.forString(source), 4000);
        Tuple socket = Tuple.tcp(from, from);
        return Peer.of(new AcceptedConnection.Tcp(InterceptionMethod.SOCKET, socket, socket, user.isPresent()), user);
    }

    private static Peer of(String source) {
        return of(source, OptionalInt.empty());
    }

    @Test
    void overIpv4ItIsAnAddress() {
        assertThat(of("192.0.2.1")).isNotEqualTo(of("192.0.2.2")).hasToString("192.0.2.1");
    }

    /** A host in such a network has 2^64 addresses. */
    @Test
    void overIpv6ItIsANetworkOf64Bits() {
        assertThat(of("2001:db8:0:1::1"))
                .isEqualTo(of("2001:db8:0:1:ffff:ffff:ffff:ffff"))
                .isNotEqualTo(of("2001:db8:0:2::1"))
                .hasToString("2001:db8:0:1::/64");
    }

    @Test
    void onAUnixSocketItIsAUserAndNoAddress() {
        AcceptedConnection unix = new AcceptedConnection.Unix(new UnixPeer(1, 1000, Optional::empty));

        assertThat(Peer.of(unix, OptionalInt.of(1000)))
                .isNotEqualTo(Peer.of(unix, OptionalInt.of(1001)))
                .isNotEqualTo(of("127.0.0.1", OptionalInt.of(1000)))
                .hasToString("user 1000");
    }

    @Test
    void onThisHostItIsAUser() {
        assertThat(of("127.0.0.1", OptionalInt.of(1000)))
                .isNotEqualTo(of("127.0.0.1", OptionalInt.of(1001)))
                .isNotEqualTo(of("127.0.0.1"))
                .hasToString("127.0.0.1, user 1000");
        assertThat(of("127.0.0.1", OptionalInt.empty())).isEqualTo(of("127.0.0.1"));
    }
}
