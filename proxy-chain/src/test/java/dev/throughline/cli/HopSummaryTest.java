package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.config.ConfigReader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HopSummaryTest {
    @TempDir
    Path folder;

    @Test
    void namesVersionListenersNextHopAndConfiguration() throws Exception {
        assertThat(summary("""
                listeners:
                  - { name: apps, mode: transparent, port: 15001, capture: { ports: 80 } }
                  - { name: front, mode: transparent, by: plain, address: "127.0.0.1:7000", destination: "192.0.2.1:80" }
                  - { name: chain, mode: chain, by: plain, address: "[::1]:7001" }
                  - { name: agents, mode: bridge, socket: /run/b.sock, agents: [{ uid: 0 }] }
                route: { to: hop-b, at: ["192.0.2.2:7001", "192.0.2.3:7001"] }
                routes: { vault: { to: hop-v, at: "192.0.2.9:7001" } }
                """))
                .isEqualTo("version 1.2, listeners apps (transparent, tproxy, port 15001), front (transparent,"
                        + " 127.0.0.1:7000 for 192.0.2.1:80), chain (chain, [::1]:7001), agents (bridge, /run/b.sock);"
                        + " next hop hop-b at 192.0.2.2:7001 or 192.0.2.3:7001, hop-v at 192.0.2.9:7001;"
                        + " configuration " + folder.resolve("hop.yaml"));
    }

    @Test
    void saysThatTheLastHopHasNoNext() throws Exception {
        assertThat(summary("""
                listeners:
                  - name: from-b
                    mode: chain
                    by: redirect
                    port: 15003
                    previous: { hop: hop-b, mark: 0x1072 }
                route: { to: destination }
                """))
                .startsWith("version 1.2, listeners from-b (chain, redirect, port 15003); next hop none, to the"
                        + " destination; configuration ");
    }

    private String summary(String text) throws Exception {
        Path file = folder.resolve("hop.yaml");
        Files.writeString(file, "hop: hop-a\nhost: edge-1\nkey: hop-a.key\ntrust: trust\nmark: 0x1071\n" + text);
        return HopSummary.of(ConfigReader.read(file), file, "1.2");
    }
}
