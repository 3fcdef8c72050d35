package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.collect.ImmutableList;
import dev.throughline.demo.HopProcess;
import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example of deploy/examples/three-hosts, from its own files: an edge, a gateway and an egress, each a network
 * namespace, and a web server behind them. Their clocks are a second apart, first one way, then the other.
 *
 * <pre>
 * edge (application, hop-a) ── 10.91.1.0/24 ── gateway (hop-b) ── 10.91.2.0/24 ── egress (hop-c) ── 10.91.3.0/24 ── web
 * </pre>
 */
@NeedsNamespaces
@Timeout(180)
class ThreeHostsIT {
    private static final String WEB = "10.91.3.80";
    private static final String GREETING = "hello from behind three hosts";

    /** Files under /run are each host's own, as on three machines. */
    private static final List<String> OWN_RUN =
            List.of("unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run && exec \"$@\"", "sh");

    @TempDir
    static Path folder;

    private static Namespace edge;
    private static Namespace gateway;
    private static Namespace egress;
    private static Process web;
    private static final List<HopProcess> RUNNING = new ArrayList<>();

    @BeforeAll
    static void buildTheNetwork() throws IOException {
        edge = Namespace.host("edge");
        gateway = edge.neighbour("gateway");
        egress = edge.neighbour("egress");
        Namespace server = edge.neighbour("server");
        edge.join(gateway, "10.91.1.1/24", "10.91.1.2/24");
        gateway.join(egress, "10.91.2.2/24", "10.91.2.3/24");
        egress.join(server, "10.91.3.3/24", WEB + "/24");
        edge.defaultRoute("10.91.1.2");
        gateway.defaultRoute("10.91.2.3");

        Path website = Files.createDirectories(folder.resolve("website"));
        Files.writeString(website.resolve("index.html"), GREETING);
        web = server.command(Stream.of(
                                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                                List.of("-m", "jdk.httpserver", "-b", WEB, "-p", "80", "-d", website.toString()))
                        .flatMap(List::stream)
                        .toList())
                .redirectErrorStream(true)
                .start();
        await().until(() -> web.inputReader().readLine().startsWith("URL"));

        Path examples = Program.checkout().resolve("deploy/examples");
        for (String name : List.of("hop-a", "hop-b", "hop-c")) {
            Files.copy(examples.resolve("three-hosts").resolve(name + ".yaml"), folder.resolve(name + ".yaml"));
        }
        ProcessBuilder keys = new ProcessBuilder(
                examples.resolve("make-keys.sh").toString(), folder.toString(), "edge-1");
        keys.environment().put("THROUGHLINE", Program.checkout().resolve("throughline").toString());
        Process making = keys.redirectErrorStream(true).start();
        String said = new String(making.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(making.onExit().join().exitValue()).describedAs(said).isZero();
        edge.run(Program.throughline("redirect", "apply", "-c", folder.resolve("hop-a.yaml").toString())
                .toArray(String[]::new));
    }

    @AfterAll
    static void stop() throws IOException {
        RUNNING.forEach(HopProcess::close);
        web.destroyForcibly();
        edge.close();
    }

    @Test
    void laterHopsWhoseClocksAreAheadRefuseWhatWasIssuedBeforeTheyStartedAndThenKnowTheOriginator() throws Exception {
        play(Map.of("hop-a", "-1000", "hop-b", "0", "hop-c", "1000"));
    }

    @Test
    void laterHopsWhoseClocksAreBehindKnowTheOriginator() throws Exception {
        play(Map.of("hop-a", "1000", "hop-b", "0", "hop-c", "-1000"));
    }

    private static void play(Map<String, String> clocks) throws Exception {
        HopProcess c = start(egress, "hop-c", clocks);
        HopProcess b = start(gateway, "hop-b", clocks);
        HopProcess a = start(edge, "hop-a", clocks);
        try {
            // A clock that is behind is one that says "before you started" for as long.
            await().atMost(Duration.ofSeconds(20)).until(() -> fetch().equals(GREETING));

            JsonTree seen = c.flow(line -> line.text("reason").equals("completed"));
            JsonTree originator = seen.object("originator");
            assertThat(originator.text("host")).isEqualTo("edge-1");
            assertThat(originator.text("comm")).isEqualTo("curl");
            assertThat(originator.text("evidence")).isEqualTo("socket-lookup");
            assertThat(originator.text("destination")).isEqualTo(WEB + ":80");
            assertThat(seen.texts("chain")).containsExactly("hop-a", "hop-b", "hop-c");
            assertThat(seen.has("kernel")).describedAs("no kernel of this host knows that process").isFalse();
            assertThat(seen.object("verification").list("links"))
                    .extracting(link -> link.text("hop") + " for " + link.text("audience"))
                    .containsExactly("hop-a for hop-b", "hop-b for hop-c");
            assertThat(a.flow(line -> line.text("reason").equals("completed"))
                            .object("kernel")
                            .text("pid"))
                    .isEqualTo(originator.text("pid"));
            for (HopProcess hop : List.of(b, c)) {
                assertThat(hop.flowLog())
                        .filteredOn(line -> line.object("verification").text("result").equals("rejected"))
                        .allSatisfy(line -> assertThat(line.object("verification").text("reason"))
                                .isEqualTo("issued-before-start"));
            }
        } finally {
            for (HopProcess hop : List.of(a, b, c)) {
                hop.close();
            }
        }
    }

    private static HopProcess start(Namespace host, String name, Map<String, String> clocks) throws IOException {
        List<String> command = ImmutableList.<String>builder()
                .addAll(OWN_RUN)
                .addAll(Program.test(SkewedHop.class, folder.resolve(name + ".yaml").toString(), clocks.get(name)))
                .build();
        HopProcess hop = HopProcess.start(name, host.command(command));
        RUNNING.add(hop);
        return hop.ready();
    }

    private static String fetch() throws IOException {
        Process curl = edge.command("curl", "-s", "--max-time", "5", "http://" + WEB + "/").start();
        return new String(curl.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
}
