package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainmentFindingsTest {
    private static final String RAW = "0000000000003000";
    private static final String ROOT = "000001ffffffffff";
    private static final List<String> PASSWD = List.of(
            "root:x:0:0::/root:/bin/bash",
            "ada:x:1000:1000::/home/ada:/bin/bash",
            "bob:x:1001:1001::/home/bob:/bin/sh",
            "git:x:1002:1002::/srv/git:/usr/sbin/nologin",
            "nobody:x:65534:65534::/:/bin/sh");

    @TempDir
    Path folder;

    private HopConfig hop(String rest) throws Exception {
        return ConfigReader.read(Files.writeString(folder.resolve("hop.yaml"), """
                hop: hop-a
                host: edge-1
                key: hop-a.key
                trust: trust
                """ + rest));
    }

    private static List<String> texts(List<Finding> findings) {
        assertThat(findings)
                .allMatch(finding -> finding.level() == Finding.Level.WARNING
                        && finding.hint().contains("deploy/containment.md"));
        return findings.stream().map(Finding::text).toList();
    }

    @Test
    void namesRulesThatAllowByExecutableOnly() throws Exception {
        HopConfig hop = hop("""
                listeners: [{ name: chain, mode: chain, by: plain, address: "127.0.0.1:7001" }]
                route: { to: destination }
                policy:
                  - { name: by-path, when: { executable: /opt/x/a, ports: 443 }, then: allow }
                  - { name: by-hash, when: { sha256: %s }, then: deny }
                  - { name: only, unless: { executable: /opt/x/a }, then: deny }
                  - { name: by-user, when: { user: backup, executable: /opt/x/a }, then: allow }
                  - { name: by-unit, when: { unit: a.service, script: /opt/x/a }, then: deny }
                  - { name: by-place, when: { destination: 10.0.0.0/8 }, then: allow }
                  - { name: rest, then: deny }
                """.formatted("c0".repeat(32)));
        assertThat(texts(ContainmentFindings.rules(hop.routing().policy())))
                .containsExactly(
                        "rule by-path allows by executable alone: other programs of the same user can impersonate it",
                        "rule by-hash denies by executable alone: a copy of it passes",
                        "rule only allows by executable alone: other programs of the same user can impersonate it");
    }

    @Test
    void namesPortsThatOtherUsersCanTake() throws Exception {
        HopConfig hop = hop("""
                mark: 0x7101
                listeners:
                  - { name: high, mode: chain, by: plain, address: "192.0.2.1:7001" }
                  - { name: low, mode: chain, by: plain, address: "192.0.2.1:701" }
                  - { name: apps, mode: transparent, by: tproxy, port: 15001, capture: { ports: 80 } }
                route: { to: hop-b, at: "127.0.0.1:7002" }
                routes: { far: { to: hop-c, at: "192.0.2.9:7001" } }
                """);
        assertThat(texts(ContainmentFindings.ports(hop, PASSWD, 1024)))
                .containsExactly(
                        "listener high has port 7001: while it is down, any of 2 users of this host can take it",
                        "next hop hop-b is at 127.0.0.1:7002: while it is down, any of 2 users of this host can take it");
        assertThat(ContainmentFindings.ports(hop, PASSWD.subList(0, 1), 1024)).isEmpty();
        assertThat(ContainmentFindings.ports(hop, PASSWD, 0)).hasSize(3);
    }

    private void process(Path proc, String pid, String name, String capabilities, String namespace) throws IOException {
        Path process = Files.createDirectories(proc.resolve(pid).resolve("ns")).getParent();
        Files.writeString(process.resolve("status"), "Name:\t" + name + "\nCapEff:\t" + capabilities + "\n");
        Files.writeString(process.resolve("comm"), name + "\n");
        Files.createSymbolicLink(process.resolve("ns/net"), Path.of(namespace));
    }

    @Test
    void namesProcessesWithRawSocketsInTheNamespaceOfTheHop() throws Exception {
        Path proc = folder.resolve("proc");
        process(proc, "self", "doctor", ROOT, "net:[1]");
        process(proc, "10", "init", ROOT, "net:[1]");
        process(proc, "11", "tcpdump", RAW, "net:[1]");
        process(proc, "12", "hop", RAW, "net:[1]");
        process(proc, "13", "contained", RAW, "net:[2]");
        process(proc, "14", "curl", "0000000000000000", "net:[1]");

        assertThat(ContainmentFindings.rawSockets(proc, Set.of("12")))
                .hasValueSatisfying(finding -> assertThat(texts(List.of(finding)))
                        .containsExactly(
                                "1 process outside this hop can bypass its rules with CAP_NET_RAW:" + " 11 (tcpdump)"));
        assertThat(ContainmentFindings.rawSockets(proc, Set.of("11", "12"))).isEmpty();
    }
}
