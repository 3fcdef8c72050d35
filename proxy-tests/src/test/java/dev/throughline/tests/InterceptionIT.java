package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.common.primitives.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Three hops on one host; none is configured with the address of the next. */
@NeedsNamespaces
@Timeout(180)
@ParameterizedClass(name = "{0}")
@EnumSource(InterceptionIT.Ways.class)
class InterceptionIT {
    enum Ways {
        TPROXY("tproxy", "tproxy", "tproxy"),
        REDIRECT("redirect", "redirect", "redirect"),
        MIXED("redirect", "tproxy", "redirect");

        final List<String> words;

        Ways(String... words) {
            this.words = List.of(words);
        }
    }

    enum Family {
        IPV4(OneHost.WEB, OneHost.OTHER, "127.0.0.1"),
        IPV6(OneHost.WEB6, OneHost.OTHER6, "[::1]");

        final InetSocketAddress web;
        final InetSocketAddress other;
        private final String loopback;

        Family(InetSocketAddress web, InetSocketAddress other, String loopback) {
            this.web = web;
            this.other = other;
            this.loopback = loopback;
        }
    }

    @TempDir
    static Path folder;

    private static OneHost scene;
    private static Ways ways;

    InterceptionIT(Ways unused) {}

    @BeforeParameterizedClassInvocation
    static void start(Ways chosen) throws IOException {
        ways = chosen;
        scene = OneHost.chain(Files.createDirectory(folder.resolve(chosen.name())), chosen.words);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        scene.close();
    }

    @ParameterizedTest
    @EnumSource(Family.class)
    void everyHopKnowsWhoOpenedTheFlowAndWhoOpenedTheConnection(Family family) throws IOException {
        byte[] payload = Payload.bytes(10_000);
        try (Party.Line line = scene.app().open(family.web)) {
            Payload.assertSame(line.say(payload), payload);

            JsonTree atA = scene.a().closedOf(line.source(), line.destination());
            OneHost.isOf(atA.object("kernel"), scene.app());
            OneHost.isOf(atA.object("originator"), scene.app());
            JsonTree atB = scene.b().closedOf(line.source(), line.destination());
            holds(atB, scene.a());
            OneHost.isOf(atB.object("originator"), scene.app());
            JsonTree atC = scene.c().closedOf(line.source(), line.destination());
            holds(atC, scene.b());
            OneHost.isOf(atC.object("originator"), scene.app());

            assertThat(atC.object("originator").text("destination")).isEqualTo(Tuple.text(family.web));
            assertThat(atC.object("verification").list("links"))
                    .extracting(link -> link.text("hop"))
                    .containsExactly("hop-a", "hop-b");
            assertThat(Stream.of(atA, atB, atC)).allSatisfy(flow -> {
                assertThat(flow.text("reason")).isEqualTo("completed");
                assertThat(flow.text("bytes_out")).isEqualTo("10000");
                assertThat(flow.text("bytes_in")).isEqualTo("10000");
                assertThat(flow.text("flow")).isEqualTo(atA.text("flow"));
            });
            assertThat(Stream.of(atA, atB, atC)
                            .map(flow -> flow.object("arrival").text("way")))
                    .isEqualTo(ways.words);
        }
    }

    private static void holds(JsonTree flow, RunningHop previous) {
        assertThat(flow.object("kernel").text("pid")).isEqualTo(Long.toString(previous.pid()));
        assertThat(flow.object("kernel").text("evidence")).isEqualTo(BestEvidence.HERE);
    }

    @Test
    void anApplicationOfAnotherUser() throws IOException {
        assumeFalse(scene.host().hasOneUser(), "there is only one user in this namespace");
        Process bash = scene.host()
                .command(
                        "setpriv",
                        "--reuid=4711",
                        "--regid=4712",
                        "--clear-groups",
                        "bash",
                        "-c",
                        "exec 3<>/dev/tcp/10.91.9.2/80; echo hello >&3; read -r answer <&3; echo $answer")
                .start();
        assertThat(bash.inputReader().readLine()).isEqualTo("hello");
        String pid = Long.toString(bash.pid());
        JsonTree who = scene.c()
                .closed(flow -> flow.object("originator").text("pid").equals(pid))
                .object("originator");
        assertThat(who.text("uid")).isEqualTo("4711");
        assertThat(who.text("gid")).isEqualTo("4712");
        assertThat(who.text("comm")).isEqualTo("bash");
    }

    /**
     * The offsets at which four bytes are changed (a single one could already have the new value): the fixed part, the addresses, a
     * TLV's length, the magic, the origin, the first link, the second link.
     */
    static IntStream offsets() {
        return IntStream.of(5, 12, 13, 14, 15, 19, 27, 29, 31, 34, 60, 98, 200, 320, 400);
    }

    @ParameterizedTest
    @MethodSource("offsets")
    void aHeaderChangedBetweenTwoHopsReachesNobody(int offset) throws IOException {
        scene.nothingArrives(() -> {
            double before = refusedHeaders();
            // The connections that hop-c has captured, by either method.
            scene.host().run("nft", """
                    table inet tamper {
                    chain out {
                    type filter hook output priority 300;
                    ct mark & 0x0001ffff == 0x00017103 @ih,0,32 0x0d0a0d0a @ih,%d,32 set 0x5aa5c33c
                    }
                    }""".formatted(offset * 8));
            try (Party.Line line = scene.app().open(OneHost.WEB)) {
                isRefused(line, "hello".getBytes(StandardCharsets.US_ASCII));
            } finally {
                scene.host().run("nft", "delete table inet tamper");
            }
            // The application sees the reset before the flow is counted.
            await().untilAsserted(() -> assertThat(refusedHeaders()).isEqualTo(before + 1));
        });
    }

    private static double refusedHeaders() throws IOException {
        return scene.c().closedFor("header-rejected")
                + scene.c().closedFor("header-malformed")
                + scene.c().closedFor("header-incomplete");
    }

    private static void isRefused(Party.Line line, byte[] bytes) {
        assertThatThrownBy(() -> line.say(bytes)).isInstanceOf(IOException.class);
    }

    @Test
    void whileTheNextHopIsDead() throws IOException {
        scene.b().process().close();
        try {
            scene.nothingArrives(() -> scene.isRefusedBy(scene.a(), "connect-refused", OneHost.WEB));
            scene.nothingArrives(() -> scene.isRefusedBy(scene.a(), "connect-refused", OneHost.WEB6));
        } finally {
            scene.hops().start("hop-b");
        }
        scene.works();
    }

    @ParameterizedTest
    @EnumSource(Family.class)
    void aConnectionToTheListenersOwnAddressIsRefused(Family family) throws IOException {
        for (int i = 0; i < OneHost.HOPS.size(); i++) {
            RunningHop hop = scene.hops().get(OneHost.HOPS.get(i));
            scene.isRefusedBy(hop, "not-intercepted", Party.endpoint(family.loopback + ":" + (15001 + i)));
        }
    }

    /** A previous hop that signs one destination and connects to another: the kernel's destination counts. */
    @Test
    void aHeaderCannotSendAFlowElsewhere() throws IOException {
        Path pidFile = folder.resolve(ways.name()).resolve("hop-a.pid");
        String before = Files.readString(pidFile);
        Path process = Path.of("/proc", Long.toString(scene.app().pid()));
        Files.writeString(pidFile, scene.app().pid() + " " + OneHost.startTime(process) + "\n");
        PreviousHop rogue = new PreviousHop(scene.hops().key("hop-a"), "hop-b");
        byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
        try {
            try (Party.Line line = scene.app().open(Optional.empty(), OneHost.WEB, OneHost.MARKS.getFirst())) {
                Tuple socket = Tuple.tcp(line.source(), OneHost.WEB);
                byte[] header = rogue.header(socket, socket, Instant.now());
                Payload.assertSame(line.say(Bytes.concat(header, hello)), hello);
            }
            scene.nothingArrives(() -> {
                try (Party.Line line = scene.app().open(Optional.empty(), OneHost.WEB, OneHost.MARKS.getFirst())) {
                    Tuple socket = Tuple.tcp(line.source(), OneHost.WEB);
                    Tuple elsewhere = Tuple.tcp(line.source(), OneHost.OTHER);
                    byte[] header = rogue.header(elsewhere, socket, Instant.now());
                    isRefused(line, Bytes.concat(header, hello));
                    assertThat(scene.b()
                                    .closedFrom(line.source(), line.destination())
                                    .text("reason"))
                            .isEqualTo("destination-mismatch");
                }
            });
        } finally {
            Files.writeString(pidFile, before);
        }
    }
}
