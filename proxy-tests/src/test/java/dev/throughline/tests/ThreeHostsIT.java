package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Closer;
import dev.throughline.demo.HopProcess;
import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The example of three hosts in deploy/, with clocks that differ by a second in either direction. Each host
 * is a network namespace, and each hop has a /run of its own, as on a host of its own.
 */
@NeedsNamespaces
@Timeout(180)
@ParameterizedClass(name = "clocks {0} ms, {1} ms and {2} ms fast")
@CsvSource({"0, 1000, 0", "1000, 0, 1000"})
class ThreeHostsIT {
    private static final InetSocketAddress WEB = Party.endpoint("10.91.9.2:80");

    @TempDir
    static Path folder;

    private static Closer closer;
    private static Party app;
    private static Party server;
    private static final Map<String, HopProcess> hops = new LinkedHashMap<>();
    private static int refusedAtFirst;

    ThreeHostsIT(int a, int b, int c) {}

    @BeforeAll
    static void copyExample() throws IOException {
        Path examples = Program.checkout().resolve("deploy/examples");
        for (String name : List.of("hop-a", "hop-b", "hop-c")) {
            Files.copy(examples.resolve("three-hosts/" + name + ".yaml"), folder.resolve(name + ".yaml"));
        }
        makeKeys(examples.resolve("make-keys.sh"));
    }

    @BeforeParameterizedClassInvocation
    static void start(int a, int b, int c) throws IOException {
        closer = Closer.create();
        hops.clear();
        Namespace edge = Namespace.host("edge");
        closer.register(edge::close);
        Namespace gateway = edge.neighbour("gateway");
        Namespace egress = edge.neighbour("egress");
        Namespace web = edge.neighbour("web");
        edge.join(gateway, "10.91.1.1/24", "10.91.1.2/24");
        gateway.join(egress, "10.91.2.2/24", "10.91.2.3/24");
        egress.join(web, "10.91.9.1/24", "10.91.9.2/24");
        DefaultRoute.via(edge, "10.91.1.2");

        server = Party.start(web::command);
        closer.register(server::close);
        app = Party.start(edge::command);
        closer.register(app::close);
        server.ready().serve(WEB);
        app.ready();
        startHop(edge, "hop-a", a);
        // Last the one whose clock is ahead of the one before it.
        if (b > a) {
            startHop(egress, "hop-c", c);
            awaitReady();
            startHop(gateway, "hop-b", b);
        } else {
            startHop(gateway, "hop-b", b);
            awaitReady();
            startHop(egress, "hop-c", c);
        }
        awaitReady();
        long lastStarted = startedAt(hops.get(b > a ? "hop-b" : "hop-c"));
        refusedAtFirst = awaitFirstFlow(lastStarted + 1000);
    }

    /** Runs the script of the example, which reads the program to run from its environment. */
    private static void makeKeys(Path script) throws IOException {
        Path program = folder.resolve("throughline");
        Files.writeString(program, "#!/bin/sh\nexec " + quoted(Program.throughline()) + " \"$@\"\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        ProcessBuilder make = new ProcessBuilder("sh", script.toString(), folder.toString(), Hops.HOST);
        make.environment().put("THROUGHLINE", program.toString());
        Process process = make.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.onExit().join().exitValue()).describedAs(output).isZero();
    }

    private static String quoted(List<String> command) {
        return "'" + String.join("' '", command) + "'";
    }

    private static void startHop(Namespace host, String name, int fast) throws IOException {
        List<String> command = ImmutableList.<String>builder()
                .add("unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run && exec \"$@\"", "sh")
                .addAll(Program.test(
                        SkewedHop.class, folder.resolve(name + ".yaml").toString(), Integer.toString(fast)))
                .build();
        HopProcess hop = HopProcess.start(name, host.command(command));
        closer.register(hop::close);
        hops.put(name, hop);
    }

    private static void awaitReady() throws IOException {
        for (HopProcess hop : hops.values()) {
            hop.ready();
        }
    }

    /** When the hop began to start, by the true clock. */
    private static long startedAt(HopProcess hop) {
        return hop.messages().stream()
                .filter(line -> line.startsWith("starting at "))
                .mapToLong(line -> Long.parseLong(line.substring("starting at ".length())))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Headers of a hop with a slow clock seem older than a receiver that has just started, and are rejected for a
     * second.
     *
     * @param until when, by the true clock, that second is over at the earliest
     * @return how many connections were refused before one was served
     */
    private static int awaitFirstFlow(long until) {
        List<Boolean> tries = new ArrayList<>();
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    boolean served = isServed();
                    assertThat(served && System.currentTimeMillis() < until)
                            .describedAs("served too early")
                            .isFalse();
                    tries.add(served);
                    return served;
                });
        return tries.size() - 1;
    }

    private static boolean isServed() {
        try (Party.Line line = app.open(WEB)) {
            return line.say(new byte[] {1}).length == 1;
        } catch (IOException refused) {
            return false;
        }
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        closer.close();
    }

    @Test
    void theEgressKnowsTheApplicationOnTheEdge() throws IOException {
        byte[] payload = Payload.bytes(5000);
        try (Party.Line line = app.open(WEB)) {
            Payload.assertSame(line.say(payload), payload);
            JsonTree flow = closed(hops.get("hop-c"), line.source());
            JsonTree who = flow.object("originator");
            assertThat(flow.text("reason")).isEqualTo("completed");
            assertThat(who.text("host")).isEqualTo("edge-1");
            assertThat(who.text("evidence")).isEqualTo(BestEvidence.HERE);
            assertThat(who.text("pid")).isEqualTo(Long.toString(app.pid()));
            assertThat(who.text("destination")).isEqualTo("10.91.9.2:80");
            assertThat(flow.texts("chain")).containsExactly("hop-a", "hop-b", "hop-c");
            assertThat(flow.object("verification").list("links"))
                    .extracting(link -> link.text("hop"))
                    .containsExactly("hop-a", "hop-b");
            // The process at the other end is on another host: this kernel is not asked.
            assertThat(flow.has("kernel")).isFalse();
            assertThat(flow.object("arrival").text("source")).startsWith("10.91.2.2:");
        }
    }

    @Test
    void nothingWasRefusedForAnotherReasonThanTheStart() {
        List<JsonTree> refused = hops.values().stream()
                .flatMap(hop -> hop.flowLog().stream())
                .filter(line -> line.text("reason").equals("header-rejected"))
                .toList();
        assertThat(refused)
                .hasSize(refusedAtFirst)
                .allSatisfy(line ->
                        assertThat(line.object("verification").text("reason")).isEqualTo("issued-before-start"));
    }

    private static JsonTree closed(HopProcess hop, InetSocketAddress source) {
        String text = dev.throughline.header.Tuple.text(source);
        return await().atMost(10, TimeUnit.SECONDS)
                .until(
                        () -> hop.flowLog().stream()
                                .filter(line -> line.text("event").equals("flow.close")
                                        && line.object("originator")
                                                .text("source")
                                                .equals(text))
                                .findFirst(),
                        java.util.Optional::isPresent)
                .orElseThrow();
    }
}
