package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import dev.throughline.key.PrivateKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two hops whose keys an operator changes, while flows pass through them continuously. */
@Timeout(180)
class KeyLifeIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);
    private static final InetSocketAddress CHAIN = NET.at(2, 17001);
    /** An address that no flow of the hops uses as source: their ports are reused within this test. */
    private static final InetSocketAddress ELSEWHERE = NET.at(9, 0);

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private EchoServer echo;
    private Hops hops;
    private SteadyFlows flows;

    @BeforeEach
    void start() throws IOException {
        echo = EchoServer.at(NET.at(9, 17001));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b");
        hops.configure("hop-a", """
                listeners: [{ name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }]
                route: { to: hop-b, at: "%s" }
                """.formatted(Tuple.text(FRONT), Tuple.text(echo.address()), Tuple.text(CHAIN)));
        hops.configure("hop-b", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(Tuple.text(CHAIN)));
        hops.start("hop-a", "hop-b");
        flows = SteadyFlows.to(FRONT);
    }

    @AfterEach
    void stop() throws IOException {
        flows.close();
        hops.close();
        echo.close();
    }

    /** The standard output, standard error and exit status of a command. */
    private record Said(String out, String err, int status) {}

    private Said throughline(String... arguments) throws Exception {
        Process command = new ProcessBuilder(Program.throughline(arguments))
                .directory(folder.toFile())
                .start();
        command.getOutputStream().close();
        String out = new String(command.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(command.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(out, err, command.waitFor());
    }

    private String done(String... arguments) throws Exception {
        Said said = throughline(arguments);
        assertThat(said.status()).as(said.err()).isZero();
        return said.out();
    }

    private String reload(String hop) throws Exception {
        return done("reload", "-c", hops.config(hop).toString());
    }

    private void hangUp(String hop) throws Exception {
        assertThat(new ProcessBuilder(
                                "kill", "-HUP", Long.toString(hops.get(hop).pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private String trustFile() {
        return folder.resolve("trust").toString();
    }

    private static String idOf(PrivateKey key) {
        return key.publicKey().id().toString();
    }

    /** Waits for a flow at hop-b whose header was signed with this key. */
    private void awaitFlowSignedWith(String key) {
        await().atMost(PATIENCE)
                .until(() -> hops.get("hop-b").process().flowLog().stream()
                        .flatMap(line -> line.object("verification").list("links").stream())
                        .anyMatch(link -> link.text("key").equals(key)));
    }

    private void nothingWasLost() throws IOException {
        assertThat(flows.failures()).isEmpty();
        assertThat(hops.get("hop-b").closedFor("header-rejected")).isZero();
    }

    @Test
    void aRotationLosesNoFlow() throws Exception {
        String oldKey = idOf(hops.key("hop-a"));
        flows.awaitMore(20);

        String ticket = done("keys", "rotate", folder.resolve("hop-a.key").toString(), "--in", timeForCommands() + "s");
        Matcher added = Pattern.compile("^  (hop-a\\+([0-9a-f]{16})\\+\\S+)$", Pattern.MULTILINE)
                .matcher(ticket);
        assertThat(added.find()).as(ticket).isTrue();
        String newKey = added.group(2);
        done("keys", "trust", trustFile(), added.group(1), "--as", oldKey);
        assertThat(reload("hop-b")).contains("trusts key " + newKey + " of hop-a: origin=edge-1 hop\n");
        assertThat(reload("hop-a")).contains("will sign with key " + newKey + " of hop-a from ");
        flows.awaitMore(20);
        assertThat(hops.get("hop-a").process().messages()).noneMatch(line -> line.contains("signs with key " + newKey));

        awaitFlowSignedWith(newKey);
        await().until(() -> hops.get("hop-a").process().messages().stream()
                .anyMatch(line -> line.contains("now signs with key " + newKey + ", before with " + oldKey)));
        flows.awaitMore(20);
        done("keys", "trust", trustFile(), oldKey, "--until", "now");
        assertThat(reload("hop-b")).contains("no longer trusts key " + oldKey + " of hop-a: it expired at ");
        flows.awaitMore(20);

        nothingWasLost();
        hops.get("hop-b").awaitMetric("throughline_reloads_total{result=\"applied\"}", 2);
        assertThat(refusal(hops.key("hop-a"))).isEqualTo("key-not-valid-now");
    }

    /** Returns how many seconds three commands and some flows certainly take here: the time of eight commands, and two. */
    private long timeForCommands() throws Exception {
        long start = System.nanoTime();
        done("keys", "list", trustFile());
        return Duration.ofNanos(8 * (System.nanoTime() - start)).plusSeconds(2).toSeconds();
    }

    @Test
    void aRevokedKeysNextHeaderIsRefusedAndItsOpenFlowsLiveOn() throws Exception {
        try (End open = End.connect(FRONT)) {
            open.send("one");
            assertThat(open.receiveText(3)).isEqualTo("one");
            PrivateKey key = hops.key("hop-a");

            done("keys", "revoke", trustFile(), idOf(key), "--reason", "lost");
            flows.awaitMore(5);
            nothingWasLost();
            assertThat(reload("hop-b")).contains("key " + idOf(key) + " of hop-a is revoked\n");

            assertThat(refusal(key)).isEqualTo("key-revoked");
            open.send("two");
            assertThat(open.receiveText(3)).isEqualTo("two");
            await().until(() -> hops.get("hop-b").rejectedFor("key-revoked") >= 2);
            await().until(() -> !flows.failures().isEmpty());
            open.send("end").finish();
            assertThat(open.restText()).isEqualTo("end");
        }
    }

    /** Returns the reason for which a header by this key, for a connection of this test, is rejected. */
    private String refusal(PrivateKey key) throws IOException {
        RunningHop hop = hops.get("hop-b");
        try (End connection = End.connect(ELSEWHERE, CHAIN)) {
            Tuple flow = Tuple.tcp(connection.local(), echo.address());
            connection.send(new PreviousHop(key, "hop-b").header(flow, connection));
            assertThat(connection.isReset()).isTrue();
            return hop.closedFrom(connection).object("verification").text("reason");
        }
    }

    @Test
    void filesThatAreWrongLeaveTheKeysAsTheyWere() throws Exception {
        Path trust = folder.resolve("trust");
        String good = Files.readString(trust);
        Files.writeString(trust, good + "nonsense\n" + good);

        Said refused = throughline("reload", "-c", hops.config("hop-b").toString());

        assertThat(refused.status()).isEqualTo(3);
        assertThat(refused.err().lines())
                .hasSize(3)
                .allMatch(line -> line.startsWith(trust + ":"))
                .anyMatch(line -> line.contains("NAME+KEYID+BASE64"))
                .anyMatch(line -> line.contains("is listed twice"));
        assertThat(said("reload failed, keys and policy are unchanged")).hasSize(1);
        hangUp("hop-b");
        hops.get("hop-b").awaitMetric("throughline_reloads_total{result=\"refused\"}", 2);
        flows.awaitMore(10);

        Files.writeString(trust, good);
        hangUp("hop-b");
        hops.get("hop-b").awaitMetric("throughline_reloads_total{result=\"applied\"}", 1);
        flows.awaitMore(10);
        nothingWasLost();
        assertThat(said("reloaded: nothing has changed")).hasSize(1);
    }

    private List<String> said(String words) {
        List<String> lines = new ArrayList<>(hops.get("hop-b").process().messages());
        lines.removeIf(line -> !line.contains(words));
        return lines;
    }

    @Test
    void expiringKeysAreInTheMetrics() throws Exception {
        RunningHop hop = hops.get("hop-b");
        assertThat(hop.get("/metrics")).contains("throughline_keys_expiry_seconds +Inf\n");

        done("keys", "trust", trustFile(), idOf(hops.key("hop-a")), "--until", "2099-01-01T00:00:00Z");
        reload("hop-b");
        assertThat(hop.metric("throughline_keys_expiry_seconds")).isGreaterThan(14 * 86_400.0);
        assertThat(hop.metric("throughline_keys_expiring")).isZero();

        String soon = java.time.Instant.now().plusSeconds(3600).toString();
        done("keys", "trust", trustFile(), idOf(hops.key("hop-a")), "--until", soon);
        reload("hop-b");
        assertThat(hop.metric("throughline_keys_expiry_seconds")).isBetween(3000.0, 3600.0);
        hop.awaitMetric("throughline_keys_expiring", 1);
        assertThat(hop.metric("throughline_keys_rotation_due")).isZero();
        assertThat(said("keys: key " + idOf(hops.key("hop-a")) + " of hop-a expires in "))
                .isNotEmpty();
        nothingWasLost();
    }
}
