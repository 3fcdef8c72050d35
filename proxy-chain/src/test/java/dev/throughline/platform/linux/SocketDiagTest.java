package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SocketDiagTest {
    private static final int ESTABLISHED = 1;

    private SocketDiag diag;

    @BeforeEach
    void open() throws IOException {
        diag = SocketDiag.open();
    }

    @AfterEach
    void close() {
        diag.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "::1"})
    void findsTheApplicationsSocketAndNotTheListenersSide(String address) throws IOException {
        try (Connection connection = Connection.to(address)) {
            SocketOwner client = diag.find(connection.tuple()).orElseThrow();
            SocketOwner server = diag.find(reversed(connection.tuple())).orElseThrow();

            assertThat(client.state()).isEqualTo(ESTABLISHED);
            assertThat(client.isOrphaned()).isFalse();
            assertThat(client.uid()).isEqualTo(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
            assertThat(client.inode()).isNotEqualTo(server.inode());
            assertThat(client.cookie()).isNotEqualTo(server.cookie()).isNotZero();
            assertThat(ownSockets()).contains("socket:[" + client.inode() + "]");
        }
    }

    @Test
    void anIpv4TupleFindsDualStackAndPlainSocketsAlike() throws IOException {
        try (Connection dualStack = Connection.to("127.0.0.1");
                Connection plain = Connection.ipv4Only("127.0.0.1")) {
            assertThat(Files.readString(Path.of("/proc/net/tcp6")))
                    .as("the JDK's own sockets are dual-stack")
                    .contains(String.format(":%04X", dualStack.tuple().source().getPort()));
            assertThat(diag.find(dualStack.tuple())).isPresent();
            assertThat(diag.find(plain.tuple())).isPresent();
        }
    }

    @Test
    void aListenerOnTheSourcePortIsNotReturned() throws IOException {
        try (Connection connection = Connection.to("127.0.0.1")) {
            InetSocketAddress listening = connection.tuple().destination();
            assertThat(diag.find(Tuple.tcp(listening, new InetSocketAddress("127.0.0.1", 1))))
                    .isEmpty();
        }
    }

    private Collection<Tuple> openFrom(InetSocketAddress source) throws IOException {
        return diag.openFrom(Set.of(source)).get(source);
    }

    @Test
    void listsTheConnectionsOfASource() throws IOException {
        for (String address : List.of("127.0.0.1", "::1")) {
            try (Connection connection = Connection.to(address)) {
                assertThat(openFrom(connection.tuple().source())).containsExactly(connection.tuple());
                // The listener has the same address and port, and no peer.
                assertThat(openFrom(connection.tuple().destination())).containsExactly(reversed(connection.tuple()));
                connection.client().close();
                assertThat(openFrom(connection.tuple().source())).isEmpty();
            }
        }
        try (Connection plain = Connection.ipv4Only("127.0.0.1")) {
            assertThat(openFrom(plain.tuple().source())).containsExactly(plain.tuple());
        }
    }

    /** An IPv6 socket can have another host's by settings that aren't shown. That a transparent one can: NeverWrongTest. */
    @Test
    void anOrdinaryIpv4SocketHasAnAddressOfThisHost() throws IOException {
        try (Connection dualStack = Connection.to("127.0.0.1");
                Connection plain = Connection.ipv4Only("127.0.0.1");
                Connection ipv6 = Connection.to("::1")) {
            assertThat(diag.find(dualStack.tuple()).orElseThrow().bearsHostsAddress())
                    .isTrue();
            assertThat(diag.find(plain.tuple()).orElseThrow().bearsHostsAddress())
                    .isTrue();
            assertThat(diag.find(ipv6.tuple()).orElseThrow().bearsHostsAddress())
                    .isFalse();
        }
    }

    @Test
    void afterCloseTheSocketIsOrphaned() throws IOException {
        try (Connection connection = Connection.to("127.0.0.1")) {
            Tuple tuple = connection.tuple();
            connection.client().close();
            assertThat(connection.server().read(ByteBuffer.allocate(1))).isEqualTo(-1);

            Optional<SocketOwner> left = diag.find(tuple);
            assertThat(left).isPresent();
            assertThat(left.get().isOrphaned()).isTrue();
        }
    }

    @Test
    void marksAreShownToPrivilegedUsersOnly() throws IOException {
        try (Connection connection = Connection.to("127.0.0.1")) {
            assertThat(diag.find(connection.tuple()).orElseThrow().mark().isPresent())
                    .isEqualTo(Capability.effective().contains(Capability.NET_ADMIN));
        }
    }

    @Test
    void udpIsRefused() {
        InetSocketAddress any = new InetSocketAddress("127.0.0.1", 1);
        assertThatThrownBy(() -> diag.find(new Tuple(TransportProtocol.UDP4, any, any)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aClosedSocketThrows() {
        diag.close();
        InetSocketAddress any = new InetSocketAddress("127.0.0.1", 1);
        assertThatThrownBy(() -> diag.find(Tuple.tcp(any, any)))
                .isInstanceOf(OsException.class)
                .hasMessage("sock_diag: EBADF (bad file descriptor)");
    }

    private static Tuple reversed(Tuple tuple) {
        return Tuple.tcp(tuple.destination(), tuple.source());
    }

    private static List<String> ownSockets() throws IOException {
        try (Stream<Path> links = Files.list(Path.of("/proc/self/fd"))) {
            return links.map(SocketDiagTest::target).toList();
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "closed";
        }
    }
}
