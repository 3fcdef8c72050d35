package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.net.InetAddresses;
import com.google.common.primitives.Bytes;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A plain chain listener, and users of its own host who aren't its previous hop but have the same address. */
@Timeout(180)
class LocalStrangersIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress CHAIN = NET.at(1, 17001);

    /** The source address of connections to other loopback addresses. */
    private static final InetSocketAddress SHARED = new InetSocketAddress(InetAddresses.forString("127.0.0.1"), 0);

    @TempDir
    private Path folder;

    @BeforeEach
    void assumeOthers() throws IOException {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can be others");
    }

    /** Runs a script repeatedly, each time with a connection as descriptor 3. */
    private static Process stranger(String script) throws IOException {
        String loop = "while :; do exec 3<>/dev/tcp/%s/%d; %s; done"
                .formatted(CHAIN.getAddress().getHostAddress(), CHAIN.getPort(), script);
        return new ProcessBuilder(
                        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/bin/bash", "-c", loop)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    @Tag("attack")
    void badHeadersUseUpNothingOfThePreviousHopAtTheSameAddress() throws Exception {
        try (EchoServer destination = EchoServer.at(NET.at(9, 17009));
                Hops hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b")) {
            hops.configure("hop-b", """
                    listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                    route: { to: destination }
                    limits: { header-failures: 5, header-failures-window: 10m }
                    """.formatted(Tuple.text(CHAIN)));
            hops.start("hop-b");
            RunningHop hop = hops.get("hop-b");

            Process stranger = stranger("printf '%0200d' 0 >&3; cat <&3");
            try {
                await().until(() -> hop.process().flowLog().stream()
                        .anyMatch(line -> line.text("event").equals("flow.close")
                                && line.text("reason").equals("header-failures")
                                && line.text("detail").startsWith("peer 127.0.0.1, user 65534: 5 headers failed")));

                Tuple flow = Tuple.tcp(
                        new InetSocketAddress(InetAddresses.forString("192.0.2.7"), 4711), destination.address());
                try (End previousHop = End.connect(SHARED, CHAIN)) {
                    byte[] header = new PreviousHop(hops.key("hop-a"), "hop-b").header(flow, previousHop);
                    previousHop.send(Bytes.concat(header, "hello".getBytes(StandardCharsets.US_ASCII)));
                    assertThat(previousHop.receiveText(5)).isEqualTo("hello");
                }
            } finally {
                stranger.descendants().forEach(ProcessHandle::destroyForcibly);
                stranger.destroyForcibly();
            }
        }
    }
}
