package dev.throughline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.throughline.config.ListenerConfig.Agent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransportReaderTest {
    private static final String HOP = """
            hop: hop-a
            host: edge-1
            key: a.key
            listeners: [ { name: apps, mode: transparent, by: plain, address: "127.0.0.1:1", destination: "127.0.0.1:2" } ]
            """;

    @TempDir
    private Path folder;

    private HopConfig read(String more) throws IOException, ConfigException {
        return ConfigReader.read(Files.writeString(folder.resolve("hop.yaml"), HOP + more));
    }

    @Test
    void withoutTransportsFlowsGoOverPlainSockets() throws Exception {
        HopConfig config = read("route: { to: destination }");
        assertThat(config.routing().transports()).isEmpty();
        assertThat(config.routing().defaultRoute().over()).containsExactly("bsd-socket");
    }

    @Test
    void readsEveryKey() throws Exception {
        HopConfig config = read("""
                transports:
                  usual: { socket: a.sock, uid: 0 }
                  other: { socket: b.sock, uid: 7, executable: /opt/agent, start-timeout: 500ms, header: unless-carried }
                route: { to: destination, over: [usual, bsd-socket, other] }
                routes: { one: { to: hop-c, at: "127.0.0.1:7", over: other } }
                """);
        assertThat(config.routing().transports().get("usual"))
                .isEqualTo(new TransportConfig(
                        folder.resolve("a.sock"),
                        new Agent(0, Optional.empty(), Optional.empty()),
                        Duration.ofSeconds(2),
                        false));
        assertThat(config.routing().transports().get("other"))
                .isEqualTo(new TransportConfig(
                        folder.resolve("b.sock"),
                        new Agent(7, Optional.of("/opt/agent"), Optional.empty()),
                        Duration.ofMillis(500),
                        true));
        assertThat(config.routing().defaultRoute().over()).isEqualTo(ImmutableList.of("usual", "bsd-socket", "other"));
        assertThat(config.routing().routes().get("one").over()).containsExactly("other");
    }

    @Test
    void reportsProblems() {
        assertThatThrownBy(() -> read("""
                        transports:
                          bsd-socket: { socket: a.sock, uid: 0 }
                          usual: { uid: 0, header: never }
                        route: { to: destination, over: [usal, usual, usual] }
                        routes: { one: { to: destination, over: [] } }
                        budget: { next-hops: { hop-c: 7 } }
                        """)).hasMessageMatching("""
                        [^:]*:6:3: "bsd-socket" is the name of a built-in transport: rename it
                        [^:]*:7:10: "usual" needs "socket"
                        [^:]*:7:28: "header": unknown value "never": expected one of always, unless-carried
                        [^:]*:8:33: duplicate transport
                        [^:]*:8:34: "over": unknown value "usal": did you mean "usual"\\?
                        [^:]*:9:41: "over" is empty: expected at least one transport
                        [^:]*:10:9: "next-hops" limits flows to "hop-c", but no route goes to it: expected one of destination
                        """.strip());
    }
}
