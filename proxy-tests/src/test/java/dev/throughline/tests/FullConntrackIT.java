package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.demo.Namespace;
import dev.throughline.platform.linux.Sysctl;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** A user fills the connection tracking table of the host, which the hop's rules have enabled. */
@NeedsNamespaces
@NeedsPrograms("conntrack")
@Isolated("it connects so often that connect records of its user, who runs the other tests, are limited")
@Timeout(180)
class FullConntrackIT {
    @TempDir
    private Path folder;

    @Test
    @Tag("attack")
    void datagramsThatFillConntrackMakeTheHopNotReadyUntilEntriesAreFree() throws Exception {
        long capacity = Long.parseLong(Sysctl.read(Path.of("/proc/sys/net/netfilter/nf_conntrack_max")));
        try (Namespace host = Namespace.host("host")) {
            host.run("sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=300");
            Hops hops = new Hops(folder, host::command).keys("hop-a");
            try (hops) {
                hops.configure("hop-a", """
                        mark: 0x1071
                        listeners:
                          - { name: apps, mode: transparent, by: redirect, port: 15001, capture: { ports: [8000-8099] } }
                        route: { to: destination }
                        """);
                hops.start("hop-a");
                RunningHop hop = hops.get("hop-a");
                assertThat(hop.metric("throughline_conntrack_capacity")).isEqualTo((double) capacity);

                // Sockets that send a datagram to each port.
                host.run("python3", "-c", """
                        import socket
                        left = %d
                        while left > 0:
                            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                            for port in range(10000, 60000):
                                try: s.sendto(b"", ("127.0.0.1", port))
                                except OSError: pass
                            left -= 50000
                        """.formatted(capacity));

                hop.awaitMessage("conntrack: the kernel drops new connections of all applications: conntrack holds ");
                assertThat(hop.get("/-/ready")).contains("conntrack holds ").contains("of " + capacity);
                assertThat(hop.metric("throughline_conntrack_entries")).isGreaterThanOrEqualTo(capacity * 0.95);
                assertThat(doctor(host))
                        .containsPattern("conntrack holds .*; most: udp from 127\\.0\\.0\\.1:\\d+, \\d+");

                host.run("conntrack", "-F");
                hop.awaitReady();
            }
        }
    }

    private String doctor(Namespace host) throws Exception {
        Process doctor = host.command(Program.throughline(
                        "doctor", "--config", folder.resolve("hop-a.yaml").toString()))
                .redirectErrorStream(true)
                .start();
        String said = new String(doctor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return String.join(" ", List.of(said.split("\\s+")));
    }
}
