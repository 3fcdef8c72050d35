package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.Iterables;
import com.google.common.primitives.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Details that a hop closes, because the next hop may not know them or the header is too small. Also batches at running
 * hops.
 */
@Timeout(180)
class ClosedDetailsIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);
    private static final InetSocketAddress NARROW_FRONT = NET.at(1, 17003);

    /** Longer paths are left out of headers. */
    private static final int LONGEST_PATH = 512;

    @TempDir
    static Path folder;

    private static Destination destination;
    private static Destination receiver;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        receiver = Destination.at(NET.address(5));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-m", "hop-n", "hop-b");
        hops.configure(
                "hop-a", """
                listeners: [{ name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }]
                route: { to: hop-b, at: "%s", close: [person] }
                """.formatted(Tuple.text(FRONT), Tuple.text(destination.address()), NET.text(2, 17001)));
        hops.configure("hop-b", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(NET.text(2, 17001)));
        hops.configure("hop-m", """
                listeners: [{ name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }]
                route: { to: hop-n, at: "%s" }
                """.formatted(
                        Tuple.text(NARROW_FRONT), Tuple.text(destination.address()), NET.text(3, 17001)));
        hops.configure("hop-n", """
                listeners: [{ name: from-m, mode: chain, by: plain, address: "%s" }]
                route: { to: receiver, at: "%s", profile: legacy }
                """.formatted(NET.text(3, 17001), Tuple.text(receiver.address())));
        hops.start("hop-a", "hop-b", "hop-m", "hop-n");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        receiver.close();
        destination.close();
    }

    /** Returns a header as a next hop receives it: its length is in the 15th and 16th byte. */
    private static byte[] header(End connection) throws IOException {
        byte[] fixed = connection.receive(16);
        return Bytes.concat(fixed, connection.receive(ByteBuffer.wrap(fixed).getShort(14)));
    }

    @Test
    void theNextHopVerifiesTheFlowAndNeverLearnsThePerson() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("hello").finish();
            assertThat(server.receiveText(5)).isEqualTo("hello");
            server.finish();
            JsonTree atA = hops.get("hop-a").closedFrom(app);
            JsonTree atB = hops.get("hop-b").closedFlow(atA.text("flow"));

            assertThat(atA.object("originator").text("user")).isEqualTo(System.getProperty("user.name"));
            assertThat(atA.texts("closed_details"))
                    .singleElement()
                    .asString()
                    .startsWith("THROUGHLINE-OPENING-1+person+");
            assertThat(atB.object("verification").text("result")).isEqualTo("verified");
            for (String ofThePerson : List.of("user", "parent_pid")) {
                assertThat(atA.object("originator").has(ofThePerson)).isTrue();
                assertThat(atB.object("originator").has(ofThePerson)).isFalse();
            }
            assertThat(atB.object("originator").text("exe"))
                    .isEqualTo(atA.object("originator").text("exe"));
            assertThat(atB.has("closed_details")).isFalse();
        }
    }

    /** The path of the application's executable fills most of a legacy header. */
    @Test
    void detailsAreClosedUntilTheHeaderFitsAndTheLogProvesThem() throws Exception {
        Path deep = folder;
        while (deep.toString().length() < LONGEST_PATH - 110) {
            deep = deep.resolve("d".repeat(100));
        }
        deep = deep.resolve("d".repeat(LONGEST_PATH - deep.toString().length() - "//bash".length()));
        Path shell = Files.copy(
                Path.of("/bin/bash").toRealPath(), Files.createDirectories(deep).resolve("bash"));
        Process application = new ProcessBuilder(
                        shell.toString(),
                        "-c",
                        "exec 3<>/dev/tcp/%s/%d; echo hello >&3; read -r end <&3"
                                .formatted(NARROW_FRONT.getAddress().getHostAddress(), NARROW_FRONT.getPort()))
                .redirectErrorStream(true)
                .start();
        byte[] header;
        try (End connection = receiver.accept()) {
            header = header(connection);
            assertThat(connection.receiveText(6)).isEqualTo("hello\n");
        }
        application.waitFor();
        JsonTree flow = hops.get("hop-n")
                .logged(line -> line.object("originator").text("exe").equals(shell.toString()));

        assertThat(header).hasSizeLessThanOrEqualTo(LegacyRoute.MAX_BYTES);
        assertThat(new String(header, StandardCharsets.ISO_8859_1)).doesNotContain("d".repeat(50));
        assertThat(flow.texts("closed_details").stream().map(text -> text.split("\\+")[1]))
                .containsExactly("placement", "person", "code");

        Files.write(folder.resolve("header"), header);
        Files.writeString(folder.resolve("flows.jsonl"), flow.toJson() + "\n");
        Files.setPosixFilePermissions(folder.resolve("trust"), PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(inspect()).contains("code           closed, commitment ").doesNotContain(shell.toString());
        assertThat(inspect("--open", folder.resolve("flows.jsonl").toString()))
                .contains("executable     " + shell)
                .contains("code           received closed; the opening matches the commitment ")
                .contains("verified: signed by hop-m (");
    }

    private static String inspect(String... options) throws Exception {
        List<String> arguments = new ArrayList<>(
                List.of("inspect", "--trust", folder.resolve("trust").toString()));
        arguments.addAll(List.of(options));
        arguments.add(folder.resolve("header").toString());
        Process command = new ProcessBuilder(Program.throughline(arguments.toArray(String[]::new)))
                .redirectErrorStream(true)
                .start();
        return new String(command.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** Flows that arrive together share signatures, and the next hop verifies each signature once. */
    @Test
    void manyFlowsAtOnceShareSignatures() throws IOException {
        RunningHop a = hops.get("hop-a");
        RunningHop b = hops.get("hop-b");
        double signatures = a.metric("throughline_signatures_total");
        double signed = a.metric("throughline_chains_signed_total");
        List<End> apps = new ArrayList<>();
        List<End> servers = new ArrayList<>();
        try {
            // One after the other they would be signed alone, so all are started before the first wait.
            for (int i = 0; i < 300; i++) {
                apps.add(End.connect(FRONT));
            }
            for (int i = 0; i < apps.size(); i++) {
                servers.add(destination.accept());
            }
        } finally {
            for (End end : Iterables.concat(apps, servers)) {
                end.close();
            }
        }
        assertThat(a.metric("throughline_chains_signed_total") - signed).isEqualTo(300);
        assertThat(a.metric("throughline_signatures_total") - signatures).isLessThan(300);
        assertThat(b.metric("throughline_batches_hits_total")).isPositive();
    }
}
