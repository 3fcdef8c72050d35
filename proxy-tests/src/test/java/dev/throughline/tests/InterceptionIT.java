package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.common.primitives.Bytes;
import dev.throughline.header.HeaderWriter;
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

/** Three hops on one host, none of which is told where the next one is. */
@NeedsNamespaces
@Timeout(60)
@ParameterizedClass(name = "{0}")
@EnumSource(InterceptionIT.Ways.class)
class InterceptionIT {
    enum Ways {
        TPROXY("tproxy", "tproxy", "tproxy"),
        REDIRECT("redirect", "redirect", "redirect"),
        MIXED("redirect", "tproxy", "redirect");

        private final List<String> words;

        Ways(String... words) {
            this.words = List.of(words);
        }
    }

    enum Family {
        IPV4(OneHost.WEB, OneHost.OTHER, "127.0.0.1"),
        IPV6(OneHost.WEB6, OneHost.OTHER6, "[::1]");

        private final InetSocketAddress web;
        private final InetSocketAddress other;
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
            isTheApplication(atA.object("kernel"), scene.app());
            isTheApplication(atA.object("originator"), scene.app());
            JsonTree atB = scene.b().closedOf(line.source(), line.destination());
            holds(atB, scene.a());
            isTheApplication(atB.object("originator"), scene.app());
            JsonTree atC = scene.c().closedOf(line.source(), line.destination());
            holds(atC, scene.b());
            isTheApplication(atC.object("originator"), scene.app());

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

    private static void isTheApplication(JsonTree who, Party app) throws IOException {
        Path process = Path.of("/proc", Long.toString(app.pid()));
        assertThat(who.text("evidence")).isEqualTo("socket-lookup");
        assertThat(who.text("pid")).isEqualTo(Long.toString(app.pid()));
        assertThat(who.text("exe"))
                .isEqualTo(Files.readSymbolicLink(process.resolve("exe")).toString());
        assertThat(who.text("start_time")).isEqualTo(startTime(process));
    }

    /** Field 22 of proc(5)'s stat; the second field, a name in brackets, may hold anything. */
    private static String startTime(Path process) throws IOException {
        String stat = Files.readString(process.resolve("stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
    }

    private static void holds(JsonTree flow, RunningHop previous) {
        assertThat(flow.object("kernel").text("pid")).isEqualTo(Long.toString(previous.pid()));
        assertThat(flow.object("kernel").text("evidence")).isEqualTo("socket-lookup");
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

    static Stream<byte[]> proxyProtocol() {
        Tuple lie = Tuple.tcp(Party.endpoint("192.0.2.66:66"), Party.endpoint("192.0.2.80:80"));
        byte[] stolenKey = new PreviousHop(scene.hops().key("hop-a"), "hop-b")
                .header(lie, Tuple.tcp(Party.endpoint("10.91.9.1:4000"), OneHost.WEB), Instant.now());
        byte[] itsOwn = HeaderWriter.proxy(lie, List.of()).toByteArray();
        return Stream.of(
                "PROXY TCP4 192.0.2.66 192.0.2.80 66 80\r\nhello".getBytes(StandardCharsets.US_ASCII),
                itsOwn,
                stolenKey,
                Bytes.concat(itsOwn, stolenKey, Payload.bytes(3000)));
    }

    /** Bytes that come from an application are payload, however much they look like a header. */
    @ParameterizedTest
    @MethodSource("proxyProtocol")
    void anApplicationThatSpeaksTheProxyProtocolToItsOwnServer(byte[] payload) throws IOException {
        try (Party.Line line = scene.app().open(OneHost.WEB)) {
            Payload.assertSame(line.say(payload), payload);
            isWhatTheKernelSays(line);
        }
        try (Party.Line line = scene.app().open(OneHost.WEB)) {
            Payload.assertSame(line.trickle(payload), payload);
            isWhatTheKernelSays(line);
        }
    }

    private static void isWhatTheKernelSays(Party.Line line) throws IOException {
        JsonTree atC = scene.c().closedOf(line.source(), line.destination());
        isTheApplication(atC.object("originator"), scene.app());
        assertThat(atC.object("originator").text("destination")).isEqualTo(Tuple.text(OneHost.WEB));
    }

    /**
     * Where four bytes are changed (one could happen to be what it is changed to): the fixed part, the addresses, a
     * TLV's length, the magic, the origin, the first link, the second link.
     */
    static IntStream offsets() {
        return IntStream.of(5, 12, 13, 14, 15, 19, 27, 29, 31, 34, 60, 98, 200, 320, 400);
    }

    @ParameterizedTest
    @MethodSource("offsets")
    void aHeaderChangedBetweenTwoHopsReachesNobody(int offset) throws IOException {
        nothingArrives(() -> {
            double before = refusedHeaders();
            // By what hop-c has captured, whichever way it does that.
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
            assertThat(refusedHeaders()).isEqualTo(before + 1);
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
    void whileTheNextHopsRulesAreAbsent() throws IOException {
        scene.hops().redirect("remove", "hop-b");
        try {
            nothingArrives(() -> refusedBy(scene.a(), "connect-refused", OneHost.WEB));
            nothingArrives(() -> refusedBy(scene.a(), "connect-refused", OneHost.WEB6));
            assertThat(scene.a()
                            .closed(line -> line.text("reason").equals("connect-refused"))
                            .text("detail"))
                    .startsWith("hop hop-b didn't intercept the connection to");
        } finally {
            scene.hops().redirect("apply", "hop-b");
        }
        works();
    }

    @Test
    void whileTheLastHopsRulesAreAbsent() throws IOException {
        scene.hops().redirect("remove", "hop-c");
        try {
            nothingArrives(() -> refusedBy(scene.b(), "connect-refused", OneHost.WEB));
        } finally {
            scene.hops().redirect("apply", "hop-c");
        }
        works();
    }

    @Test
    void whileTheNextHopIsDead() throws IOException {
        scene.b().process().close();
        try {
            nothingArrives(() -> refusedBy(scene.a(), "connect-refused", OneHost.WEB));
            nothingArrives(() -> refusedBy(scene.a(), "connect-refused", OneHost.WEB6));
        } finally {
            scene.hops().start("hop-b");
        }
        works();
    }

    /** A connection of the application is refused, and {@code hop} says why. */
    private static void refusedBy(RunningHop hop, String reason, InetSocketAddress to) throws IOException {
        double before = hop.closedFor(reason);
        assertThat(scene.app().isRefused(to)).isTrue();
        hop.awaitMetric("throughline_flows_closed_total{reason=\"" + reason + "\"}", before + 1);
    }

    private interface Action {
        void run() throws IOException;
    }

    private static void nothingArrives(Action action) throws IOException {
        long bytes = scene.server().bytes();
        long connections = scene.server().connections();
        action.run();
        assertThat(scene.server().bytes()).isEqualTo(bytes);
        assertThat(scene.server().connections()).isEqualTo(connections);
    }

    private static void works() throws IOException {
        byte[] payload = Payload.bytes(100);
        try (Party.Line line = scene.app().open(OneHost.WEB)) {
            Payload.assertSame(line.say(payload), payload);
        }
    }

    /** With redirection the kernel has to give one of them another port on the way, which then is nobody's. */
    @ParameterizedTest
    @EnumSource(Family.class)
    void twoApplicationsWithOneSourcePort(Family family) throws IOException {
        String own = family == Family.IPV4 ? "10.91.9.1:5000" : "[fd91:9::1]:5000";
        Optional<InetSocketAddress> from = Optional.of(Party.endpoint(own));
        byte[] payload = Payload.bytes(50);
        try (Party second = scene.party().ready();
                Party.Line one = scene.app().open(from, family.web, 0);
                Party.Line two = second.open(from, family.other, 0)) {
            Payload.assertSame(one.say(payload), payload);
            Payload.assertSame(two.say(payload), payload);
            isTheApplication(originator(own, family.web), scene.app());
            isTheApplication(originator(own, family.other), second);
        }
    }

    private static JsonTree originator(String source, InetSocketAddress destination) {
        return scene.c()
                .closed(flow -> flow.object("originator").text("source").equals(source)
                        && flow.object("originator").text("destination").equals(Tuple.text(destination)))
                .object("originator");
    }

    @ParameterizedTest
    @EnumSource(Family.class)
    void whoConnectsToAListenerItselfIsRefused(Family family) throws IOException {
        for (int i = 0; i < OneHost.HOPS.size(); i++) {
            RunningHop hop = scene.hops().get(OneHost.HOPS.get(i));
            refusedBy(hop, "not-intercepted", Party.endpoint(family.loopback + ":" + (15001 + i)));
        }
    }

    /** The mark brings it to the next hop's listener; there the kernel says whose it is. */
    @Test
    void anApplicationWithAHopsMarkIsNotThatHop() throws IOException {
        nothingArrives(() -> {
            for (int i = 0; i < 2; i++) {
                RunningHop next = scene.hops().get(OneHost.HOPS.get(i + 1));
                double before = next.closedFor("owner-mismatch");
                Party.Line line = scene.app().open(Optional.empty(), OneHost.WEB, OneHost.MARKS.get(i));
                PreviousHop thief = new PreviousHop(scene.hops().key(OneHost.HOPS.get(i)), OneHost.HOPS.get(i + 1));
                Tuple socket = Tuple.tcp(line.source(), OneHost.WEB);
                byte[] header = thief.header(socket, socket, Instant.now());
                isRefused(line, header);
                JsonTree closed = next.closedFrom(line.source(), line.destination());
                assertThat(closed.text("reason")).isEqualTo("owner-mismatch");
                assertThat(closed.object("kernel").text("pid"))
                        .isEqualTo(Long.toString(scene.app().pid()));
                assertThat(next.closedFor("owner-mismatch")).isEqualTo(before + 1);
                line.close();
            }
        });
    }

    /** A previous hop that signs one destination and connects to another: what the kernel says counts. */
    @Test
    void aHeaderCannotSendAFlowElsewhere() throws IOException {
        Path pidFile = folder.resolve(ways.name()).resolve("hop-a.pid");
        String before = Files.readString(pidFile);
        Path process = Path.of("/proc", Long.toString(scene.app().pid()));
        Files.writeString(pidFile, scene.app().pid() + " " + startTime(process) + "\n");
        PreviousHop rogue = new PreviousHop(scene.hops().key("hop-a"), "hop-b");
        byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
        try {
            try (Party.Line line = scene.app().open(Optional.empty(), OneHost.WEB, OneHost.MARKS.getFirst())) {
                Tuple socket = Tuple.tcp(line.source(), OneHost.WEB);
                byte[] header = rogue.header(socket, socket, Instant.now());
                Payload.assertSame(line.say(Bytes.concat(header, hello)), hello);
            }
            nothingArrives(() -> {
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
