package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConntrackTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void anUntrackedConnectionHasNoOriginalTuple(String address) throws IOException {
        InetSocketAddress listener = new InetSocketAddress(address, 1);
        InetSocketAddress peer = new InetSocketAddress(address, 2);
        try (Conntrack conntrack = Conntrack.open()) {
            if (Capability.effective().contains(Capability.NET_ADMIN)) {
                assertThat(conntrack.original(listener, peer)).isEmpty();
            } else {
                assertThatThrownBy(() -> conntrack.original(listener, peer)).hasMessageContaining("EPERM");
            }
        } catch (OsException e) {
            assumeTrue(e.errno() != 93 && e.errno() != 22, "a kernel without connection tracking: " + e.getMessage());
            throw e;
        }
    }
}
