package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.config.ConfigException;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LivePolicyTest {
    @TempDir
    private Path folder;

    private HopConfig read(String transports, String over) throws IOException, ConfigException {
        return ConfigReader.read(Files.writeString(folder.resolve("hop.yaml"), """
                hop: hop-a
                host: edge-1
                key: a.key
                listeners: [{ name: apps, mode: transparent, by: plain, address: "127.0.0.1:1", destination: "127.0.0.1:2" }]
                transports: { %s }
                route: { to: destination }
                routes: { other: { to: destination, over: %s } }
                """.formatted(transports, over)));
    }

    /** Transports are watched from the start of the hop, so a new route can't use a new transport. */
    @Test
    void aRouteOverATransportThatIsNewWaitsForTheNextStart() throws Exception {
        String before = "one: { socket: one.sock, uid: 0 }";
        LivePolicy policy = new LivePolicy(read(before, "bsd-socket"), change -> {});

        assertThat(policy.objection(read(before, "[one, bsd-socket]"))).isEmpty();
        assertThat(policy.objection(read(before + ", two: { socket: two.sock, uid: 0 }", "two")))
                .contains("a route uses transport \"two\", which is new: restart the hop to add it");
    }
}
