package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.chain.Claimed;
import dev.throughline.header.Bytes;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** This JVM is an agent that hands flows over to the first of three hops. */
@Isolated("200 lookups of a process at once miss their deadline beside other tests, and its agent is refused")
@Timeout(180)
class BridgeIT {
    private static final Loopback NET = Loopback.own();
    private static final BridgeAnswer CONNECTED = new BridgeAnswer.Connected();
    private static final String TOKEN = "000001f5000001f500000014000001f50000001400000264000186a5000004a3";

    /** Each flow has a unique source, by which the log of a hop is searched. */
    private static final AtomicInteger PORTS = new AtomicInteger(10_000);

    @TempDir
    static Path folder;

    private static Destination destination;
    private static InetSocketAddress nobody;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        try (Destination closed = Destination.at(NET.address(10))) {
            nobody = closed.address();
        }
        Path java = Path.of("/proc/self/exe");
        String executable = java.toRealPath().toString();
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        String hash = Payload.sha256(java);
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b", "hop-c");
        hops.configure("hop-a", """
                listeners:
                  - name: agents
                    mode: bridge
                    socket: agents.bridge
                    agents:
                      - { uid: %1$s, executable: /usr/bin/another }
                      - { uid: %1$s, executable: "%2$s", sha256: %3$s }
                  - { name: other-executable, mode: bridge, socket: other-executable.bridge,
                      agents: [{ uid: %1$s, executable: /usr/bin/another, sha256: %3$s }] }
                  - { name: other-hash, mode: bridge, socket: other-hash.bridge,
                      agents: [{ uid: %1$s, executable: "%2$s", sha256: %4$s }] }
                  - { name: other-user, mode: bridge, socket: other-user.bridge,
                      agents: [{ uid: 4242, executable: "%2$s", sha256: %3$s }] }
                route: { to: hop-b, at: "%5$s" }
                limits: { header-timeout: 1s }
                """.formatted(uid, executable, hash, "0".repeat(64), NET.text(2, 17001)));
        hops.configure("hop-b", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "%s" }]
                route: { to: hop-c, at: "%s" }
                """.formatted(NET.text(2, 17001), NET.text(3, 17001)));
        hops.configure("hop-c", """
                listeners: [{ name: from-b, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(NET.text(3, 17001)));
        // A hop that connects to the destination reports the result of that to the agent.
        hops.configure("hop-d", """
                listeners:
                  - { name: agents, mode: bridge, socket: direct.bridge, agents: [{ uid: %s }] }
                route: { to: destination }
                policy:
                  - { name: no-example-org, when: { destination-host: "*.example.org" }, then: deny }
                  - { name: rest, then: allow }
                """.formatted(uid));
        hops.keys("hop-d").start("hop-a", "hop-b", "hop-c", "hop-d");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private static BridgeAgent agent() throws IOException {
        return BridgeAgent.connect(folder.resolve("agents.bridge"));
    }

    private static Tuple flow(InetSocketAddress to) {
        return Tuple.tcp(new InetSocketAddress(InetAddresses.forString("192.0.2.7"), PORTS.getAndIncrement()), to);
    }

    private static BridgeHeader linux() {
        return linux(destination.address());
    }

    private static BridgeHeader linux(InetSocketAddress to) {
        ProcessIdentity who = new ProcessIdentity(
                Evidence.BRIDGE,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(4711, 987_654)),
                Optional.of(new Credentials(1000, 1000, 100)),
                new Code(Optional.of("/usr/bin/curl"), Optional.of(Bytes.ofHex("c0".repeat(32))), Optional.of("curl")),
                new Workload(Optional.empty(), Optional.of("/user.slice")),
                new ProcessContext(Optional.of("alice")));
        return new BridgeHeader(
                flow(to),
                InterceptionMethod.TPROXY,
                new Claimed<>(who),
                Optional.empty(),
                Optional.of("www.example.com"));
    }

    private static BridgeHeader macos() {
        AppleSignature signature = new AppleSignature(
                Optional.of("com.apple.Safari"), Optional.of("ABCDE12345"), Optional.of(Bytes.ofHex("cd".repeat(20))));
        Audit audit = new Audit(OptionalLong.of(501), OptionalLong.of(100_005), Optional.of(Bytes.ofHex(TOKEN)));
        ProcessIdentity who = new ProcessIdentity(
                Evidence.BRIDGE,
                OperatingSystem.MACOS,
                Optional.of(new ProcessId(612, 1187)),
                Optional.of(new Credentials(501, 501, 20)),
                new Code(Optional.of("/Applications/Safari.app"), Optional.empty(), Optional.empty())
                        .withSignature(signature),
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN.withAudit(audit));
        return new BridgeHeader(
                flow(destination.address()),
                InterceptionMethod.APP_PROXY_PROVIDER,
                new Claimed<>(who),
                Optional.empty(),
                Optional.empty());
    }

    /** Returns the log line of the end of a flow at a hop of the chain. */
    private static JsonTree closed(String hop, BridgeHeader flow) {
        return hops.get(hop).closedOf(flow.flow().source(), flow.flow().destination());
    }

    /** Hands a flow over, and exchanges bytes in both directions. */
    private static void converse(BridgeHeader flow) throws IOException {
        try (BridgeAgent agent = agent().handOver(flow)) {
            assertThat(agent.answer()).isEqualTo(CONNECTED);
            try (End server = destination.accept()) {
                agent.send("question").finish();
                assertThat(server.restText()).isEqualTo("question");
                server.send("answer").close();
                assertThat(agent.restText()).isEqualTo("answer");
            }
        }
    }

    @Test
    void theThirdHopKnowsTheProcessOnLinux() throws IOException {
        BridgeHeader flow = linux();
        converse(flow);

        JsonTree who = whoAtTheThirdHop(flow);
        assertThat(who.text("way_in")).isEqualTo("tproxy");
        assertThat(who.text("os")).isEqualTo("linux");
        assertThat(who.text("pid")).isEqualTo("4711");
        assertThat(who.text("start_time")).isEqualTo("987654");
        assertThat(who.text("uid")).isEqualTo("1000");
        assertThat(who.text("user")).isEqualTo("alice");
        assertThat(who.text("exe")).isEqualTo("/usr/bin/curl");
        assertThat(who.text("exe_sha256")).isEqualTo("c0".repeat(32));
        assertThat(who.text("cgroup")).isEqualTo("/user.slice");
    }

    @Test
    void theThirdHopKnowsTheProcessOnMacos() throws IOException {
        BridgeHeader flow = macos();
        converse(flow);

        JsonTree who = whoAtTheThirdHop(flow);
        assertThat(who.text("way_in")).isEqualTo("app-proxy-provider");
        assertThat(who.text("os")).isEqualTo("macos");
        assertThat(who.text("pid")).isEqualTo("612");
        assertThat(who.text("start_time")).isEqualTo("1187");
        assertThat(who.text("audit_token")).isEqualTo(TOKEN);
        assertThat(who.text("audit_user")).isEqualTo("501");
        assertThat(who.text("audit_session")).isEqualTo("100005");
        assertThat(who.text("signing_id")).isEqualTo("com.apple.Safari");
        assertThat(who.text("team_id")).isEqualTo("ABCDE12345");
        assertThat(who.text("cdhash")).isEqualTo("cd".repeat(20));
        assertThat(who.text("exe")).isEqualTo("/Applications/Safari.app");
    }

    /** Asserts the facts of every flow of the bridge, at the first and the last hop. */
    private static JsonTree whoAtTheThirdHop(BridgeHeader flow) {
        JsonTree first = closed("hop-a", flow);
        assertThat(first.text("reason")).isEqualTo("completed");
        assertThat(first.object("arrival").text("way")).isEqualTo("unix-bridge");
        assertThat(first.object("kernel").text("evidence")).isEqualTo("kernel-connect");
        assertThat(first.object("kernel").text("pid"))
                .isEqualTo(Long.toString(ProcessHandle.current().pid()));
        JsonTree last = closed("hop-c", flow);
        assertThat(last.texts("chain")).containsExactly("hop-a", "hop-b", "hop-c");
        assertThat(last.object("verification").text("result")).isEqualTo("verified");
        assertThat(last.object("verification").list("links").getFirst().toJson())
                .contains("unix-bridge");
        JsonTree who = last.object("originator");
        assertThat(who.text("evidence")).isEqualTo("bridge");
        assertThat(who.text("host")).isEqualTo(Hops.HOST);
        assertThat(who.text("source")).isEqualTo(Tuple.text(flow.flow().source()));
        return who;
    }

    /** It gets this answer whatever it sent, because the hop reads nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"other-executable", "other-hash", "other-user"})
    void aProcessThatIsntNamedIsRefusedBeforeAByteIsRead(String listener) throws IOException {
        try (BridgeAgent agent = BridgeAgent.connect(folder.resolve(listener + ".bridge"))) {
            assertThat(agent.answer()).isEqualTo(new BridgeAnswer.Failed("agent-not-allowed"));
            assertThat(agent.restText()).isEmpty();
        }
        JsonTree end = hops.get("hop-a").closed(line -> line.text("listener").equals(listener));
        assertThat(end.text("reason")).isEqualTo("agent-not-allowed");
        assertThat(end.has("originator")).isFalse();
    }

    /** Users without an agent can't even connect. */
    @Test
    void theSocketIsOpenToTheUsersOfItsAgentsOnly() throws IOException {
        assertThat(Files.getPosixFilePermissions(folder.resolve("agents.bridge")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(Files.getPosixFilePermissions(folder.resolve("other-user.bridge")))
                .isEqualTo(PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    @Test
    void aBlockThatCannotBeReadIsRefusedAndTheAgentGetsTheReason() throws IOException {
        Tuple flow = flow(destination.address());
        Tlv block = new Tlv(BridgeHeader.BLOCK_TYPE, Bytes.ofHex("49420203"));
        try (BridgeAgent agent = agent()) {
            agent.send(HeaderWriter.proxy(flow, List.of(block)).toByteArray());
            assertThat(agent.answer()).isEqualTo(new BridgeAnswer.Failed("header-malformed"));
            assertThat(agent.restText()).isEmpty();
        }
        JsonTree end = hops.get("hop-a").closed(line -> line.text("detail").contains("block version 2"));
        assertThat(end.text("reason")).isEqualTo("header-malformed");
    }

    @Test
    void anAgentThatIsSlowMeetsTheDeadline() throws IOException {
        BridgeHeader flow = linux();
        byte[] header = HeaderWriter.proxy(flow.flow(), flow.tlvs()).toByteArray();
        try (BridgeAgent agent = agent().send(java.util.Arrays.copyOf(header, header.length - 1))) {
            assertThat(agent.answer()).isEqualTo(new BridgeAnswer.Failed("header-timeout"));
            assertThat(agent.restText()).isEmpty();
        }
    }

    @Test
    void theAgentIsNotifiedOfARefusal() throws IOException {
        BridgeHeader flow = linux(nobody);
        try (BridgeAgent agent = BridgeAgent.connect(folder.resolve("direct.bridge"))
                .handOver(flow)
                .send("payload that nobody gets")) {
            assertThat(agent.answer()).isEqualTo(new BridgeAnswer.Failed("connect-refused"));
        }
        assertThat(closed("hop-d", flow).text("reason")).isEqualTo("connect-refused");
    }

    /** The agent reports the host name that the application requested; a policy can use it. */
    @Test
    void aPolicyGoesByTheNameOfTheDestination() throws IOException {
        BridgeHeader flow = linux();
        BridgeHeader denied = new BridgeHeader(
                flow.flow(), flow.wayIn(), flow.process(), flow.handle(), Optional.of("www.example.org"));
        try (BridgeAgent agent =
                BridgeAgent.connect(folder.resolve("direct.bridge")).handOver(denied)) {
            assertThat(agent.answer()).isEqualTo(new BridgeAnswer.Failed("policy-denied"));
        }
        assertThat(closed("hop-d", denied).text("detail")).contains("no-example-org");
    }

    @Test
    void eachDirectionEndsByItself() throws IOException {
        byte[] there = Payload.bytes(4 << 20);
        byte[] back = Payload.bytes(4 << 20);
        BridgeHeader first = linux();
        try (BridgeAgent agent = agent().handOver(first).send("q").finish()) {
            assertThat(agent.answer()).isEqualTo(CONNECTED);
            try (End server = destination.accept()) {
                assertThat(server.restText()).isEqualTo("q");
                CompletableFuture<Void> sending =
                        Payload.background(() -> server.send(back).close());
                Payload.assertSame(agent.rest(), back);
                sending.join();
            }
        }
        assertThat(closed("hop-a", first).text("reason")).isEqualTo("completed");

        BridgeHeader second = linux();
        try (BridgeAgent agent = agent().handOver(second)) {
            assertThat(agent.answer()).isEqualTo(CONNECTED);
            try (End server = destination.accept()) {
                server.send("I only listen").finish();
                assertThat(agent.restText()).isEqualTo("I only listen");
                CompletableFuture<Void> sending =
                        Payload.background(() -> agent.send(there).finish());
                Payload.assertSame(server.rest(), there);
                sending.join();
            }
        }
        assertThat(closed("hop-a", second).text("reason")).isEqualTo("completed");
    }

    /** A Unix socket has no reset: a failed write shows the end. */
    @Test
    void aFlowThatIsCutIsAHangUp() throws IOException {
        BridgeHeader flow = linux();
        try (BridgeAgent agent = agent().handOver(flow)) {
            assertThat(agent.answer()).isEqualTo(CONNECTED);
            try (End server = destination.accept()) {
                agent.send("x");
                server.receive(1);
                server.reset();
                assertThat(agent.restText()).isEmpty();
                assertThatThrownBy(() -> agent.send("y")).isInstanceOf(IOException.class);
            }
        }
        assertThat(closed("hop-a", flow).text("reason")).isEqualTo("outbound-reset");
    }

    @Test
    void twoHundredFlowsAtOnce() throws IOException {
        List<BridgeAgent> agents = new ArrayList<>();
        List<End> servers = new ArrayList<>();
        try {
            for (int i = 0; i < 200; i++) {
                agents.add(agent().handOver(i % 2 == 0 ? linux() : macos())
                        .send("flow " + i + "\n")
                        .finish());
            }
            List<String> arrived = new ArrayList<>();
            for (BridgeAgent agent : agents) {
                assertThat(agent.answer()).isEqualTo(CONNECTED);
                End server = destination.accept();
                servers.add(server);
                String said = server.restText();
                arrived.add(said);
                server.send(said).close();
            }
            assertThat(arrived).doesNotHaveDuplicates();
            for (int i = 0; i < agents.size(); i++) {
                assertThat(agents.get(i).restText()).isEqualTo("flow " + i + "\n");
            }
        } finally {
            for (BridgeAgent agent : agents) {
                agent.close();
            }
            for (End server : servers) {
                server.close();
            }
        }
    }
}
