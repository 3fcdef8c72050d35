package dev.throughline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.collect.ImmutableList;
import dev.throughline.config.ListenerConfig.Interception;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.header.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
    @TempDir
    Path folder;

    private static final String MINIMAL = """
            hop: hop-c
            host: edge-1
            key: hop-c.key
            trust: trust
            listeners:
              - { name: chain, mode: chain, by: plain, address: "192.0.2.3:7001" }
            route: { to: destination }
            """;

    @Test
    void aNextHopCanHaveSeveralAddresses() throws Exception {
        HopConfig config = read(MINIMAL.replace(
                "{ to: destination }", "{ to: hop-d, at: [\"192.0.2.4:7001\", \"[2001:db8::4]:7001\"] }"));

        assertThat(config.routing().defaultRoute())
                .isInstanceOfSatisfying(
                        RouteConfig.HopAt.class,
                        at -> assertThat(at.addresses())
                                .containsExactly(
                                        Values.address("192.0.2.4:7001"), Values.address("[2001:db8::4]:7001")));
        assertThat(problems(MINIMAL.replace(
                        "{ to: destination }", "{ to: hop-d, at: [\"192.0.2.4:7001\", \"192.0.2.4:7001\"] }")))
                .isEqualTo("hop.yaml:7:25: duplicate address");
    }

    @Test
    void showsCharactersThatCannotBeSeen() throws Exception {
        assertThat(problems(MINIMAL.replace("mode: chain", "\uFEFFmode: chain")))
                .contains("unknown key \"\\uFEFFmode\" in a listener");
    }

    /** YAML 1.2 has no merge, and a typo would be suggested otherwise. */
    @Test
    void saysThatAMergeIsNotSupported() throws Exception {
        assertThat(problems(MINIMAL.replace("{ to: destination }", "{ to: destination, \"<<\": { over: usual } }")))
                .isEqualTo("hop.yaml:7:27: \"<<\" (a YAML merge) is not supported: write its keys into \"route\"");
    }

    @Test
    void aMinimalConfigurationHasDefaultsForTheRest() throws Exception {
        HopConfig config = read(MINIMAL);

        assertThat(config.identity().name()).isEqualTo("hop-c");
        assertThat(config.keys().own()).isEqualTo(folder.resolve("hop-c.key"));
        assertThat(config.limits()).isEqualTo(Limits.DEFAULTS);
        assertThat(config.engine()).isEqualTo(EngineChoice.EPOLL);
        assertThat(config.failOpen()).isFalse();
        assertThat(config.interception()).isEqualTo(InterceptionConfig.DEFAULTS);
        assertThat(config.log().openLines()).isFalse();
        assertThat(config.keys().commandLine()).isEmpty();
        assertThat(config.admin().socket()).hasToString("/run/throughline/hop-c/admin.sock");
        assertThat(config.admin().pidFile()).hasToString("/run/throughline/hop-c/pid");
        assertThat(config.routing().defaultRoute())
                .isEqualTo(new RouteConfig.Destination(ImmutableList.of("bsd-socket"), TcpTimeouts.DEFAULTS));
    }

    @Test
    void theEngineIsRead() throws Exception {
        assertThat(read(MINIMAL + "engine: nio\n").engine()).isEqualTo(EngineChoice.NIO);
        assertThat(read(MINIMAL + "engine: epoll\n").engine()).isEqualTo(EngineChoice.EPOLL);
        assertThat(problems(MINIMAL + "engine: kqueue\n"))
                .contains("\"engine\": unknown value \"kqueue\": expected one of epoll, nio");
    }

    @Test
    void theEngineOfJavaRefusesWhatItCannotDo() {
        assertThat(problems("""
                hop: hop-b
                host: edge-1
                key: hop-b.key
                trust: trust
                engine: nio
                mark: 0x7102
                listeners:
                  - { name: apps, mode: transparent, port: 15001, capture: { ports: 80 } }
                  - { name: from-a, mode: chain, by: redirect, port: 15002, previous: { hop: hop-a, uid: 990 } }
                  - { name: agents, mode: bridge, socket: b.bridge, agents: [{ uid: 0 }] }
                  - { name: edge, mode: chain, by: plain, address: "192.0.2.2:7001" }
                transports:
                  agent: { socket: a.sock, uid: 0 }
                route: { to: hop-c, by: interception }
                """)).isEqualTo("""
                hop.yaml:5:9: "engine: nio" has no marks, which routes "by: interception" need: give them "at", or use "engine: epoll"
                hop.yaml:6:7: "engine: nio" has no marks (SO_MARK): remove "mark", or use "engine: epoll"
                hop.yaml:8:25: "engine: nio" has no interception: use "by: plain", or "engine: epoll"
                hop.yaml:9:38: "engine: nio" has no interception: use "by: plain", or "engine: epoll"
                hop.yaml:10:27: "engine: nio" has no bridge listeners, because it can't identify the process of an agent: use "engine: epoll"
                hop.yaml:13:10: "engine: nio" has no transports over agents, because it can't identify the process of an agent: use "engine: epoll\"""".replace("                ", ""));
    }

    @Test
    void everyKeyIsRead() throws Exception {
        HopConfig config = read("""
                hop: hop-b
                host: edge-1
                key: /etc/throughline/hop-b.key
                trust: trust
                mark: 0x7102
                later-marks: [0x7103, 28932]
                tlv-type: 0xE7
                fail-open: true
                interception: { repair: false, canary: off, owned-table: false, mark-uids: 990 }
                identity: { command-line-key: command-line.key }
                log: { open-lines: true }
                health-checkers: 192.0.2.0/24
                nat-exceptions:
                  - { from: hop-a, to: hop-b, egress: 203.0.113.0/24 }
                listeners:
                  - name: apps
                    mode: transparent
                    port: 15001
                    capture:
                      ports: [80, 8000-8099]
                      destinations: 0.0.0.0/0
                      except-destinations: [10.0.0.0/8]
                      uids: [1000]
                      except-uids: [0]
                  - name: from-a
                    mode: chain
                    by: redirect
                    port: 15002
                    previous: { hop: hop-a, mark: 0x7101, uid: 990, pid-file: /run/a.pid }
                  - { name: front, mode: transparent, by: plain, address: "[::1]:7000", destination: "[2001:db8::1]:80" }
                  - { name: proxies, mode: legacy, by: plain, address: "[::1]:7001", peers: [192.0.2.8/29, "2001:db8::/64"] }
                  - name: agents
                    mode: bridge
                    socket: b.bridge
                    agents:
                      - { uid: 0, executable: /usr/libexec/agent, sha256: %s }
                      - { uid: 4294967294 }
                route: { to: hop-c, by: interception, keepalive: { time: 5s }, user-timeout: 0s }
                limits: { keepalive: { time: 0s, interval: 2s }, user-timeout: 1500ms, half-closed-timeout: 3s, flows: 10, half-open-headers: 5, half-open-headers-total: 6,
                          header-failures: 7, header-failures-window: 8s, remembered-chains: 1000, connect-timeout: 250ms, header-timeout: 1s,
                          idle-timeout: 2m, drain: 0s, ttl: 5s, skew: 1s, hops: 3 }
                admin: { socket: b.sock, uids: [1001], pid-file: b.pid, metrics: "127.0.0.1:9464" }
                """.formatted("ab".repeat(32)));

        assertThat(config.marks().later()).containsExactly(0x7103, 28932);
        assertThat(config.headers().chainTlv().type()).isEqualTo(0xE7);
        assertThat(config.failOpen()).isTrue();
        assertThat(config.interception())
                .isEqualTo(new InterceptionConfig(false, Optional.empty(), false, ImmutableList.of(990)));
        assertThat(config.keys().commandLine()).contains(folder.resolve("command-line.key"));
        assertThat(config.log().openLines()).isTrue();
        assertThat(config.headers().healthCheckers()).hasSize(1);
        assertThat(config.headers().natExceptions()).hasSize(1);
        assertThat(config.listeners()).hasSize(5);
        assertThat(config.listeners().get(4)).isInstanceOfSatisfying(ListenerConfig.Bridge.class, bridge -> {
            assertThat(bridge.socket()).isEqualTo(folder.resolve("b.bridge"));
            assertThat(bridge.agents())
                    .containsExactly(
                            new ListenerConfig.Agent(
                                    0, Optional.of("/usr/libexec/agent"), Optional.of(Bytes.ofHex("ab".repeat(32)))),
                            new ListenerConfig.Agent(-2, Optional.empty(), Optional.empty()));
            assertThat(bridge.uids()).containsExactly(0, -2);
            assertThat(bridge.requiresHeader()).isFalse();
        });
        assertThat(config.listeners().get(3)).isInstanceOfSatisfying(ListenerConfig.Legacy.class, legacy -> {
            assertThat(legacy.peers()).hasToString("[192.0.2.8/29, 2001:db8::/64]");
            assertThat(legacy.requiresHeader()).isFalse();
        });
        assertThat(config.listeners().get(0)).isInstanceOfSatisfying(ListenerConfig.Apps.class, apps -> {
            assertThat(apps.by()).isEqualTo(Interception.TPROXY);
            assertThat(apps.capture().ports()).hasSize(2);
        });
        assertThat(config.listeners().get(1)).isInstanceOfSatisfying(ListenerConfig.PreviousHop.class, hop -> {
            assertThat(hop.by()).isEqualTo(Interception.REDIRECT);
            assertThat(hop.previous().mark()).isEqualTo(OptionalInt.of(0x7101));
            assertThat(hop.previous().pidFile()).contains(Path.of("/run/a.pid"));
        });
        assertThat(config.limits().connectTimeout()).isEqualTo(Duration.ofMillis(250));
        assertThat(config.limits().halfOpenHeadersTotal()).isEqualTo(6);
        assertThat(config.limits().headerFailures()).isEqualTo(7);
        assertThat(config.limits().headerFailuresWindow()).isEqualTo(Duration.ofSeconds(8));
        assertThat(config.limits().hops()).isEqualTo(3);
        assertThat(config.limits().halfClosedTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(config.limits().tcp())
                .isEqualTo(new TcpTimeouts(Duration.ZERO, Duration.ofSeconds(2), 6, Duration.ofMillis(1500)));
        assertThat(config.routing().defaultRoute().tcp())
                .isEqualTo(new TcpTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(2), 6, Duration.ZERO));
        assertThat(config.admin().uids()).containsExactly(1001);
        assertThat(config.admin().metrics()).isPresent();
    }

    @Test
    void allProblemsAreReportedAtOnceWithLineAndColumn() {
        assertThat(problems("""
                hop: hop a
                host: edge-1
                hots: edge-1
                key: hop-a.key
                host: edge-2
                mark: 70000
                listeners:
                  - name: apps
                    mode: transparant
                    prot: 15001
                  - name: chain
                    mode: chain
                    by: plain
                    address: example.com:80
                route: { to: hop-b }
                limits: { ttl: 1m, idle-timeout: 5 }
                interception: { canary: 1ms, repare: true }
                """)).isEqualTo("""
                hop.yaml:1:6: "hop": "hop a" is not a name: expected 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit
                hop.yaml:3:1: unknown key "hots" in the configuration: did you mean "host"?
                hop.yaml:5:1: "host" is a duplicate key
                hop.yaml:6:7: "mark": expected a whole number from 1 to 65535, found "70000"
                hop.yaml:9:11: "mode": unknown value "transparant": did you mean "transparent"?
                hop.yaml:10:5: unknown key "prot" in a listener: did you mean "port"?
                hop.yaml:14:14: "address": expected an address and port such as 192.0.2.1:443 or [2001:db8::1]:443, found "example.com:80"
                hop.yaml:15:14: expected either "at" with an address or "by: interception"
                hop.yaml:16:16: "ttl": expected between 0.1s and 30s, found "1m"
                hop.yaml:16:34: "idle-timeout": expected a duration such as 500ms, 5s, 2m or 1h, found "5"
                hop.yaml:17:25: "canary": expected between 1s and 1h, found "1ms"
                hop.yaml:17:30: unknown key "repare" in "interception": did you mean "repair"?""");
    }

    @Test
    void reportsProblemsOfALegacyListener() {
        assertThat(problems("""
                hop: hop-a
                host: edge-1
                key: hop-a.key
                listeners:
                  - { name: one, mode: legasy, by: plain, address: "192.0.2.3:7001", peers: 192.0.2.8 }
                  - name: two
                    mode: legacy
                    by: plain
                    address: "192.0.2.3:7002"
                  - name: three
                    mode: legacy
                    by: tproxy
                    port: 15001
                    peers: 192.0.2.8
                  - name: four
                    mode: legacy
                    by: plain
                    address: "192.0.2.3:7004"
                    pears: 192.0.2.8
                    peers: 192.0.2.8/24
                route: { to: destination }
                limits: { half-open-headers: 10, half-open-headers-total: 5, header-failure: 5, header-failures-window: 5 }
                """)).isEqualTo("""
                hop.yaml:5:24: "mode": unknown value "legasy": did you mean "legacy"?
                hop.yaml:6:5: "peers" is missing: the proxies whose unsigned headers this legacy listener accepts
                hop.yaml:12:9: a legacy listener must have "by: plain"
                hop.yaml:19:5: unknown key "pears" in a listener: did you mean "peers"?
                hop.yaml:20:12: "peers": 192.0.2.8/24 has bits set after its prefix: write 192.0.2.0/24 for the network, or 192.0.2.8 for the single address
                hop.yaml:22:59: the limit for all peers is 5 half-open headers (half-open-headers-total), less than that for one, 10
                hop.yaml:22:62: unknown key "header-failure" in "limits": did you mean "header-failures"?
                hop.yaml:22:105: "header-failures-window": expected a duration such as 500ms, 5s, 2m or 1h, found "5\"""");
        assertThat(problems(MINIMAL + "limits: { half-open-headers: 4001 }\n"))
                .isEqualTo("hop.yaml:8:30: the limit for all peers is 4000 half-open headers"
                        + " (half-open-headers-total), less than that for one, 4001");
    }

    @Test
    void reportsProblemsOfTheTimeoutsOfConnections() {
        assertThat(problems("""
                hop: hop-a
                host: edge-1
                key: hop-a.key
                listeners: [{ name: one, mode: transparent, by: plain, address: "[::1]:7000", destination: "[2001:db8::1]:80" }]
                transports: { agent: { socket: agent.sock, uid: 0 } }
                route: { to: destination, over: agent, user-timeout: 5s }
                limits:
                  keepalive: { time: 1500ms, interval: 0s, probes: 128, idle: 3s }
                  user-timeout: 10ms
                  half-closed-timeout: 1ms
                """)).isEqualTo("""
                hop.yaml:6:54: "user-timeout" needs "over: bsd-socket": agents set these times themselves
                hop.yaml:8:22: "time": expected whole seconds, found "1500ms"
                hop.yaml:8:40: "interval": expected between 1s and 9h6m7s, found "0s"
                hop.yaml:8:52: "probes": expected a whole number from 1 to 127, found "128"
                hop.yaml:8:57: unknown key "idle" in "keepalive": expected one of interval, probes, time
                hop.yaml:9:17: "user-timeout": expected 0s, for the kernel's own rule, or at least 1s, found "10ms"
                hop.yaml:10:24: "half-closed-timeout": expected between 0.1s and 720h, found "1ms\"""");
    }

    @Test
    void reportsProblemsOfABridge() {
        assertThat(problems("""
                hop: hop-a
                host: edge-1
                key: hop-a.key
                listeners:
                  - { name: one, mode: bridge, agents: [{ uid: 0 }] }
                  - { name: two, mode: bridge, socket: /run/two, agents: [] }
                  - { name: three, mode: bridge, socket: /run/three }
                  - { name: four, mode: bridge, by: plain, socket: /run/four, agents: [{ uid: 0 }] }
                  - name: five
                    mode: bridge
                    socket: /run/%s
                    agents:
                      - { executable: /usr/libexec/agent }
                      - { uid: 0, executable: libexec/agent }
                      - { uid: 0, executable: /usr/libexec/../agent }
                      - { uid: 0, sha256: ABAB }
                      - { uid: root, sha265: ab }
                route: { to: destination }
                """.formatted("x".repeat(103)))).isEqualTo("""
                hop.yaml:5:5: a listener needs "socket"
                hop.yaml:6:58: "agents" is missing: the agents that this bridge accepts
                hop.yaml:7:5: "agents" is missing: the agents that this bridge accepts
                hop.yaml:8:37: a bridge has no "by": agents connect to its "socket"
                hop.yaml:11:13: a socket path must be shorter than 108 bytes: /run/%s
                hop.yaml:13:9: an agent needs "uid"
                hop.yaml:14:31: "executable": expected an absolute path without links, found "libexec/agent"
                hop.yaml:15:31: "executable": expected an absolute path without links, found "/usr/libexec/../agent"
                hop.yaml:16:27: "sha256": expected 64 hex digits, as sha256sum prints them, found "ABAB"
                hop.yaml:17:16: "uid": expected a numeric id, found "root"
                hop.yaml:17:22: unknown key "sha265" in an agent: did you mean "sha256"?""".formatted("x".repeat(103)));
    }

    @Test
    void reportsSettingsThatConflict() {
        assertThat(problems(MINIMAL.replace("trust: trust\n", ""))).contains("\"trust\" is missing");
        assertThat(problems(MINIMAL.replace("{ to: destination }", "{ to: hop-d, by: interception }")))
                .contains("\"mark\" is missing");
        assertThat(problems(MINIMAL.replace("{ to: destination }", "{ to: destination, by: interception }")))
                .contains("can't be combined with \"to: destination\"");
        assertThat(problems(MINIMAL + "mark: 5\nlater-marks: 5\n"))
                .contains("\"later-marks\" contains this hop's own mark");
        assertThat(problems(MINIMAL.replace("by: plain, address: \"192.0.2.3:7001\"", "port: 1")))
                .contains("\"previous\" is missing");
        assertThat(problems(
                        MINIMAL.replace("by: plain, address: \"192.0.2.3:7001\"", "port: 1, previous: { hop: hop-b }")))
                .contains("\"mark\" or \"uid\" is missing");
        assertThat(problems(MINIMAL.replace(
                        "route:", "  - { name: chain, mode: chain, by: plain, address: \"192.0.2.3:7002\" }\nroute:")))
                .contains("duplicate listener name \"chain\"");
    }

    /** Otherwise the problem would be reported only when the hop starts. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            admin: { socket: LONG }                                | 8:18: a socket path must be shorter than 108 bytes
            admin: { socket: / }                                   | 8:18: a directory, expected a file
            admin: { socket: folder }                              | 8:18: a directory, expected a file
            admin: { socket: hop.yaml }                            | 8:18: not a socket
            admin: { socket: hop.yaml/admin.sock }                 | 8:18: can't create its directory
            admin: { pid-file: / }                                 | 8:20: a directory, expected a file
            admin: { pid-file: folder }                            | 8:20: a directory, expected a file
            admin: { pid-file: hop.yaml/deep/pid }                 | 8:20: can't create its directory
            admin: { pid-file: hop.yaml }                          | 8:20: not a pid file of a hop
            admin: { metrics-hosts: [hop-c.example.com] }          | 8:25: "metrics-hosts" needs a "metrics" address
            admin: { metrics: "127.0.0.1:9464", metrics-hosts: ["a b"] } | 8:53: "metrics-hosts": expected a host name
            admin: { pid-file: hop-c.key }                         | 8:20: FOLDER/hop-c.key is "key" already
            admin: { pid-file: trust }                             | 8:20: FOLDER/trust is "trust" already
            admin: { socket: a, pid-file: a }                      | 8:31: FOLDER/a is the admin socket already
            admin: { metrics: "192.0.2.3:7001" }                   | 8:19: listener "chain" listens at 192.0.2.3:7001 already
            admin: { metrics: "0.0.0.0:7001" }                     | 8:19: listener "chain" listens at 192.0.2.3:7001 already
            admin: { metrics: "[::]:7001" }                        | 8:19: listener "chain" listens at 192.0.2.3:7001 already
            admin: { metrics: "224.0.0.1:9464" }                   | 8:19: "metrics": can't listen on a multicast address
            admin: { metrics: "[ff02::1]:9464" }                   | 8:19: "metrics": can't listen on a multicast address
            admin: { metrics: "127.0.0.1:0" }                      | 8:19: "metrics": expected an address and port
            admin: { metrics: "127.0.0.1:70000" }                  | 8:19: "metrics": expected an address and port
            admin: { uids: [4294967295] }                          | 8:17: "uids": expected a numeric id
            transports: { t: { socket: LONG, uid: 0 } }            | 8:28: a socket path must be shorter than 108 bytes
            identity: { command-line-key: ' ' }                    | 8:31: "command-line-key": expected a path
            mark: 0                                                | 8:7: "mark": expected a whole number from 1 to 65535
            mark: 0x10000                                          | 8:7: "mark": expected a whole number from 1 to 65535
            """)
    void checkReportsProblemsThatPreventAStart(String line, String problem) throws IOException {
        Files.createDirectories(folder.resolve("folder"));
        String yaml = MINIMAL + line.replace("LONG", "x".repeat(128)) + "\n";

        assertThat(checked(yaml)).startsWith("hop.yaml:" + problem.replace("FOLDER/", ""));
    }

    @Test
    void twoListenersCannotShareAnAddress() throws IOException {
        assertThat(checked("""
                hop: hop-c
                host: edge-1
                key: hop-c.key
                trust: trust
                mark: 5
                listeners:
                  - { name: one, mode: chain, by: plain, address: "0.0.0.0:7001" }
                  - { name: two, mode: chain, by: plain, address: "192.0.2.3:7001" }
                  - { name: three, mode: transparent, port: 15001, capture: { ports: 80 } }
                  - { name: four, mode: transparent, by: redirect, port: 15001, capture: { ports: 81 } }
                  - { name: five, mode: chain, by: plain, address: "[::1]:15001" }
                  - { name: six, mode: bridge, socket: /run/six, agents: [{ uid: 0 }] }
                  - { name: seven, mode: bridge, socket: /run/six, agents: [{ uid: 0 }] }
                  - { name: eight, mode: chain, by: plain, address: "[::1]:7001" }
                route: { to: destination }
                """)).isEqualTo("""
                hop.yaml:8:51: listener "one" listens at 0.0.0.0:7001 already
                hop.yaml:11:52: listener "three" listens at [::1]:15001 already
                hop.yaml:13:42: /run/six is the socket of listener "six" already""");
    }

    @Test
    void aHopHasAtLeastOneListener() {
        assertThat(problems(MINIMAL.replaceFirst("(?s)listeners:.*route", "listeners: []\nroute")))
                .contains("\"listeners\" is missing or empty: a hop needs at least one");
    }

    @Test
    void aFileThatIsNotYamlIsReportedWithItsPosition() {
        assertThat(problems("hop: [\n")).startsWith("hop.yaml:2:1: not YAML");
        assertThat(problems("")).startsWith("hop.yaml:1:1: the file is empty");
        assertThat(problems("hop: a\u0007b\n")).contains("not YAML");
        assertThat(problems("- a\n")).contains("must be a mapping");
    }

    @Test
    void aNumberIsDecimalUnlessItBeginsWith0x() throws Exception {
        HopConfig config = read(MINIMAL + "mark: 0x10\nlater-marks: [010, 8]\n");

        assertThat(config.marks().own()).isEqualTo(16);
        assertThat(config.marks().later()).containsExactly(10, 8);
    }

    private String problems(String yaml) {
        ConfigException problem = catchThrowableOfType(ConfigException.class, () -> read(yaml));
        return problem.getMessage().replace(folder + "/", "");
    }

    /** Returns the problems as check reports them: those of the file, or else those that prevent a start. */
    private String checked(String yaml) throws IOException {
        try {
            read(yaml);
            return ConfigReader.problemsAtStart(folder.resolve("hop.yaml")).stream()
                    .map(ConfigProblem::toString)
                    .collect(java.util.stream.Collectors.joining("\n"))
                    .replace(folder + "/", "");
        } catch (ConfigException e) {
            return problems(yaml);
        }
    }

    private HopConfig read(String yaml) throws ConfigException, IOException {
        return ConfigReader.read(Files.writeString(folder.resolve("hop.yaml"), yaml));
    }
}
