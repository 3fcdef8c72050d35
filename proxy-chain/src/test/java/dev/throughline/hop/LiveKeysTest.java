package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verification;
import dev.throughline.chain.VerifiedBatches;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.flow.KeyContext;
import dev.throughline.flow.RoutingTable;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import dev.throughline.key.PrivateKey;
import dev.throughline.keys.HopKeys;
import dev.throughline.keys.KeyFiles;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.policy.Policy;
import dev.throughline.report.Reload;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reloads that are applied or refused, and their log messages. */
class LiveKeysTest {
    private static final Instant NOW = Instant.parse("2027-01-01T00:00:00Z");

    @TempDir
    Path folder;

    private final LogLines log = new LogLines(LiveKeys.class);
    private PrivateKey own;
    private PrivateKey previous;
    private Path config;
    private LivePolicy policy;
    private LiveKeys keys;
    private final List<Policy> used = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        own = PrivateKey.generate("hop-b", new SecureRandom());
        previous = PrivateKey.generate("hop-a", new SecureRandom());
        config = folder.resolve("hop-b.yaml");
        KeyFiles.writeSecret(folder.resolve("hop-b.key"), own);
        trust(previous.publicKey().toText() + " origin=edge-1\n");
        configure("hop-b.key", "trust", "");
        HopConfig read = ConfigReader.read(config);
        policy = new LivePolicy(read, used::add);
        keys = new LiveKeys(
                read,
                () -> ConfigReader.read(config),
                HopKeys.read(read),
                new VerifierSettings(HopId.of("hop-b"), NOW, Duration.ofSeconds(2), 4, ImmutableList.of()),
                new ReplayWindow(10),
                new VerifiedBatches(10),
                new SecureRandom(),
                Clock.fixed(NOW, ZoneOffset.UTC),
                policy);
    }

    @AfterEach
    void stop() {
        log.close();
    }

    private void configure(String key, String trust, String more) throws IOException {
        Files.writeString(config, """
                hop: hop-b
                host: edge-1
                key: %s
                trust: %s
                listeners: [{ name: chain, mode: chain, by: plain, address: "127.0.0.1:7001" }]
                route: { to: destination }
                %s
                """.formatted(key, trust, more));
    }

    private void trust(String text) throws IOException {
        Files.writeString(folder.resolve("trust"), text);
    }

    private String previousName() {
        return "key " + previous.publicKey().id() + " of hop-a";
    }

    @Test
    void reloadedKeysAreUsed() throws Exception {
        KeyContext before = keys.keyContext();
        trust(previous.publicKey().toText() + " origin=edge-1 revoked # lost\n");

        Reload reload = keys.reload();

        assertThat(reload).isEqualTo(new Reload(true, ImmutableList.of(previousName() + " is revoked")));
        assertThat(keys.keyContext()).isNotSameAs(before);
        assertThat(keys.keys()
                        .trust()
                        .find(previous.publicKey().id())
                        .orElseThrow()
                        .isRevoked())
                .isTrue();
        assertThat(log.take()).containsExactly("INFO reloaded: " + previousName() + " is revoked");
    }

    @Test
    void theSameFilesAreNoChange() {
        assertThat(keys.reload().lines()).containsExactly("nothing has changed");
        assertThat(log.take()).containsExactly("INFO reloaded: nothing has changed");
    }

    /** A chain that was accepted before a reload isn't accepted again after it. */
    @Test
    void theReplayStoreSurvivesAReload() {
        Tuple connection = tuple("10.0.0.1", 41000, "10.0.0.2", 7001);
        Header header = header(connection);
        assertThat(keys.keyContext().verifier().verify(header, connection, NOW))
                .isInstanceOf(Verification.Verified.class);

        keys.reload();

        assertThat(keys.keyContext().verifier().verify(header, connection, NOW))
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.REPLAYED));
    }

    private Header header(Tuple connection) {
        Tuple flow = tuple("192.0.2.10", 40000, "198.51.100.80", 443);
        Originator who = new Originator(
                HostId.of("edge-1"),
                new FlowId(1, 2),
                NOW,
                flow,
                InterceptionMethod.SOCKET,
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
        LinkDraft draft = new LinkDraft(
                HopId.of("hop-b"),
                NOW,
                Duration.ofSeconds(10),
                InterceptionMethod.SOCKET,
                InterceptionMethod.SOCKET,
                Optional.of(flow.source()),
                connection);
        Signer signer = new Signer(previous, new SecureRandom());
        Chain chain = signer.sign(signer.originate(who, draft));
        byte[] bytes = ChainTlv.STANDARD.header(chain).orElseThrow().toByteArray();
        return ((ReadResult.Complete) new HeaderReader(HeaderLimits.NORMAL).read(bytes, bytes.length)).header();
    }

    private static Tuple tuple(String from, int fromPort, String to, int toPort) {
        return Tuple.tcp(new InetSocketAddress(from, fromPort), new InetSocketAddress(to, toPort));
    }

    @Test
    void anyProblemKeepsTheOldKeysAndAllProblemsAreReported() throws Exception {
        KeyContext before = keys.keyContext();
        trust("nonsense\n" + previous.publicKey().toText() + "\n");
        Files.setPosixFilePermissions(folder.resolve("hop-b.key"), PosixFilePermissions.fromString("rw-r--r--"));

        Reload reload = keys.reload();

        assertThat(reload.applied()).isFalse();
        assertThat(reload.lines()).hasSize(3);
        assertThat(reload.lines().get(0)).startsWith(folder.resolve("hop-b.key") + ": mode rw-r--r--");
        assertThat(reload.lines().get(1)).startsWith(folder.resolve("trust") + ":1:1: ");
        assertThat(reload.lines().get(2)).startsWith(folder.resolve("trust") + ":2:");
        assertThat(keys.keyContext()).isSameAs(before);
        assertThat(log.take())
                .singleElement()
                .asString()
                .startsWith("ERROR reload failed, keys and policy are unchanged: " + folder.resolve("hop-b.key"))
                .contains(reload.lines());
    }

    @Test
    void aConfigurationThatIsGoneOrWrongIsRefusedToo() throws Exception {
        KeyContext before = keys.keyContext();
        Files.writeString(config, "hop: hop-b\n");
        assertThat(keys.reload().applied()).isFalse();
        Files.delete(config);
        assertThat(keys.reload().lines())
                .containsExactly("can't read the configuration: " + config + ": no such file or directory");
        assertThat(keys.keyContext()).isSameAs(before);
    }

    @Test
    void theFilesAreThoseThatTheConfigurationNamesByNow() throws Exception {
        PrivateKey other = PrivateKey.generate("hop-b", new SecureRandom());
        KeyFiles.writeSecret(folder.resolve("other.key"), other);
        configure("other.key", "trust", "");

        keys.reload();

        assertThat(keys.keys().own().signingAt(NOW).key().publicKey()).isEqualTo(other.publicKey());
    }

    @Test
    void theKeyOfAnotherHopIsRefused() throws Exception {
        KeyFiles.writeSecret(folder.resolve("hop-a.key"), previous);
        configure("hop-a.key", "trust", "");

        assertThat(keys.reload().lines())
                .containsExactly(folder.resolve("hop-a.key")
                        + ": this is the key of hop \"hop-a\", the configuration is that of \"hop-b\"");
    }

    @Test
    void otherChangedSettingsNeedARestart() throws Exception {
        configure(
                "hop-b.key",
                "trust",
                "limits: { flows: 7 }\nfail-open: true\nidentity: { command-line-key: k }\nlog: { open-lines: true }");

        Reload reload = keys.reload();

        assertThat(reload.applied()).isTrue();
        assertThat(reload.lines())
                .containsExactly(
                        "\"fail-open\" has changed in the configuration: restart to apply it",
                        "\"identity\" has changed in the configuration: restart to apply it",
                        "\"limits\" has changed in the configuration: restart to apply it",
                        "\"log\" has changed in the configuration: restart to apply it");
    }

    private static final String DENY_ADA = """
            policy:
              - { name: no-ada, when: { user: ada }, then: deny }
              - { name: rest, then: allow }
            """;

    @Test
    void aPolicyIsUsedFromThenOn() throws Exception {
        configure("hop-b.key", "trust", DENY_ADA);

        assertThat(keys.reload())
                .isEqualTo(new Reload(true, ImmutableList.of("rule no-ada is new", "rule rest is new")));

        assertThat(policy.routingTable().policy().rules()).hasSize(2);
        assertThat(used).containsExactly(Policy.NONE, policy.routingTable().policy());
        configure("hop-b.key", "trust", DENY_ADA.replace("ada", "bob"));
        assertThat(keys.reload().lines()).containsExactly("rule no-bob is new", "rule no-ada is gone");
        assertThat(keys.reload().lines()).containsExactly("nothing has changed");
        configure("hop-b.key", "trust", DENY_ADA.replace("ada", "bob").replace("deny", "allow"));
        assertThat(keys.reload().lines()).containsExactly("rule no-bob has changed");
    }

    @Test
    void aPolicyThatIsWrongLeavesTheOldOne() throws Exception {
        configure("hop-b.key", "trust", DENY_ADA);
        keys.reload();
        RoutingTable before = policy.routingTable();
        configure("hop-b.key", "trust", DENY_ADA.replace("then: deny", "then: dney"));

        Reload reload = keys.reload();

        assertThat(reload.applied()).isFalse();
        assertThat(reload.lines())
                .singleElement()
                .asString()
                .endsWith("unknown value \"dney\": did you mean \"deny\"?");
        assertThat(policy.routingTable()).isSameAs(before);
    }

    /** Keys and policy are applied together or not at all. */
    @Test
    void withWrongKeysThePolicyStays() throws Exception {
        RoutingTable before = policy.routingTable();
        trust("nonsense\n");
        configure("hop-b.key", "trust", DENY_ADA);

        assertThat(keys.reload().applied()).isFalse();
        assertThat(policy.routingTable()).isSameAs(before);
    }

    @Test
    void routesAndClassesAreReadWithThePolicyThatNamesThem() throws Exception {
        configure("hop-b.key", "trust", """
                routes: { vault: { to: hop-v, at: "192.0.2.9:7001" } }
                classes: { bulk: {} }
                policy: [{ name: all, then: { route: vault, class: bulk } }]
                """);

        assertThat(keys.reload().lines())
                .containsExactly("rule all is new", "\"routes\" has changed", "\"classes\" has changed");
        assertThat(policy.routingTable().routes()).containsOnlyKeys("vault");
    }

    /** The default route and the kernel's rules stay until a restart, and these routes need other rules. */
    @Test
    void routesThatDoNotGoWithTheUsualOneAreRefused() throws Exception {
        KeyContext authority = keys.keyContext();
        Files.writeString(
                config,
                Files.readString(config).replace("{ to: destination }", "{ to: hop-c, by: interception }")
                        + "mark: 5\nroutes: { quiet: { to: hop-c, by: interception, close: [person] } }\n");

        Reload reload = keys.reload();

        assertThat(reload.applied()).isFalse();
        assertThat(reload.lines()).singleElement().asString().startsWith("if any route uses \"by: interception\"");
        assertThat(policy.routingTable().routes()).isEmpty();
        assertThat(keys.keyContext()).isSameAs(authority);
    }
}
