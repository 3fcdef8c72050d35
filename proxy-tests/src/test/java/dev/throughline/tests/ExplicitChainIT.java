package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Three hops on loopback, each configured with the address of the next. This JVM is the application and the destination. */
@Timeout(180)
class ExplicitChainIT {
    private static final List<String> HOPS = List.of("hop-a", "hop-b", "hop-c");
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);
    private static final InetSocketAddress FRONT_REFUSED = NET.at(1, 17002);

    @TempDir
    static Path folder;

    private static Destination destination;
    private static Destination destination6;
    private static Hops hops;
    private static InetSocketAddress front6;

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        destination6 = Destination.at(InetAddress.getByName("::1"));
        front6 = Loopback.ipv6();
        InetSocketAddress nobody;
        try (Destination closed = Destination.at(NET.address(10))) {
            nobody = closed.address();
        }
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b", "hop-c");
        hops.configure("hop-a", """
                listeners:
                  - { name: good, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: refused, mode: transparent, by: plain, address: "%s", destination: "%s" }
                  - { name: six, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: hop-b, at: "%s" }
                """.formatted(
                        Tuple.text(FRONT),
                        Tuple.text(destination.address()),
                        Tuple.text(FRONT_REFUSED),
                        Tuple.text(nobody),
                        Tuple.text(front6),
                        Tuple.text(destination6.address()),
                        NET.text(2, 17001)));
        hops.configure("hop-b", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "%s" }]
                route: { to: hop-c, at: "%s" }
                """.formatted(NET.text(2, 17001), NET.text(3, 17001)));
        hops.configure("hop-c", """
                listeners: [{ name: from-b, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(NET.text(3, 17001)));
        hops.start("hop-a", "hop-b", "hop-c");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
        destination6.close();
    }

    @Test
    void theThirdHopKnowsTheApplication() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            converse(app, server);
            JsonTree seen = closed("hop-c", app);

            isThisProcess(seen.object("originator"));
            assertThat(seen.object("originator").text("destination")).isEqualTo(Tuple.text(destination.address()));
            assertThat(seen.texts("chain")).containsExactly("hop-a", "hop-b", "hop-c");
            JsonTree verification = seen.object("verification");
            assertThat(verification.text("result")).isEqualTo("verified");
            assertThat(verification.list("links"))
                    .extracting(link -> link.text("hop"))
                    .containsExactly("hop-a", "hop-b");
            assertThat(verification.list("links"))
                    .extracting(link -> link.text("key"))
                    .containsExactly(keyId("hop-a"), keyId("hop-b"));
        }
    }

    @Test
    void aFlowOfTheOtherFamilyThanTheHops() throws IOException {
        try (End app = End.connect(front6);
                End server = destination6.accept()) {
            converse(app, server);
            isThisProcess(closed("hop-c", app).object("originator"));
        }
    }

    private static void converse(End app, End server) throws IOException {
        app.send("question").finish();
        assertThat(server.restText()).isEqualTo("question");
        server.send("answer").close();
        assertThat(app.restText()).isEqualTo("answer");
    }

    private static void isThisProcess(JsonTree who) throws IOException {
        Path self = Path.of("/proc/self");
        assertThat(who.text("host")).isEqualTo(Hops.HOST);
        assertThat(who.text("evidence")).isEqualTo(BestEvidence.HERE);
        assertThat(who.text("pid"))
                .isEqualTo(Long.toString(ProcessHandle.current().pid()));
        assertThat(who.text("exe")).isEqualTo(self.resolve("exe").toRealPath().toString());
        assertThat(who.text("uid"))
                .isEqualTo(Files.getAttribute(self, "unix:uid").toString());
        assertThat(who.text("exe_sha256")).isEqualTo(Payload.sha256(self.resolve("exe")));
    }

    /** Returns the log line of the flow of {@code app} at a hop of the chain. */
    private static JsonTree closed(String hop, End app) {
        return hops.get(hop).closedFlow(hops.get("hop-a").closedFrom(app).text("flow"));
    }

    private static String keyId(String hop) {
        return hops.key(hop).publicKey().id().toString();
    }

    @Test
    void aServerMaySpeakFirst() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            server.send("220 welcome");
            assertThat(app.receiveText(11)).isEqualTo("220 welcome");
        }
    }

    @Test
    void anApplicationThatFinishesFirstGetsTheWholeAnswer() throws IOException {
        byte[] answer = Payload.bytes(8 << 20);
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("all I have to say").finish();
            assertThat(server.restText()).isEqualTo("all I have to say");
            CompletableFuture<Void> sending =
                    Payload.background(() -> server.send(answer).close());
            Payload.assertSame(app.rest(), answer);
            sending.join();
            everyHopClosedIt(app, "completed").forEach(flow -> {
                assertThat(flow.text("bytes_out")).isEqualTo("17");
                assertThat(flow.text("bytes_in")).isEqualTo(Integer.toString(answer.length));
            });
        }
    }

    @Test
    void aServerThatFinishesFirstGetsTheWholeQuestion() throws IOException {
        byte[] question = Payload.bytes(8 << 20);
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            server.send("I only listen").finish();
            assertThat(app.restText()).isEqualTo("I only listen");
            CompletableFuture<Void> sending =
                    Payload.background(() -> app.send(question).finish());
            Payload.assertSame(server.rest(), question);
            sending.join();
            everyHopClosedIt(app, "completed");
        }
    }

    @Test
    void aResetOfTheApplicationIsAResetForTheDestination() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("x");
            server.receive(1);
            app.reset();
            assertThat(server.isReset()).isTrue();
            everyHopClosedIt(app, "inbound-reset");
        }
    }

    @Test
    void aResetOfTheDestinationIsAResetForTheApplication() throws IOException {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            app.send("x");
            server.receive(1);
            server.reset();
            assertThat(app.isReset()).isTrue();
            everyHopClosedIt(app, "outbound-reset");
        }
    }

    @Test
    void aRefusedDestinationIsAResetForTheApplication() throws IOException {
        try (End app = End.connect(FRONT_REFUSED)) {
            assertThat(app.isReset()).isTrue();
            assertThat(closed("hop-c", app).text("reason")).isEqualTo("connect-refused");
            assertThat(closed("hop-b", app).text("reason")).isEqualTo("outbound-reset");
            assertThat(closed("hop-a", app).text("reason")).isEqualTo("outbound-reset");
        }
    }

    private static List<JsonTree> everyHopClosedIt(End app, String reason) {
        return HOPS.stream()
                .map(name -> closed(name, app))
                .peek(flow -> assertThat(flow.text("reason"))
                        .describedAs(flow.toJson())
                        .isEqualTo(reason))
                .toList();
    }

    /**
     * The kernel may hold some tens of megabytes in the buffers of four connections; a hop that reads on would take all
     * that there is. With a reader that has finished itself, each hop has to wait for a socket from which nothing more
     * will come.
     */
    @ParameterizedTest(name = "reader has finished: {0}")
    @ValueSource(booleans = {false, true})
    void aStalledReaderStallsTheWriter(boolean readerHasFinished) throws IOException {
        Payload.Stream payload = new Payload.Stream(7, 512L << 20);
        try (SocketChannel app = SocketChannel.open();
                Selector selector = Selector.open()) {
            app.setOption(java.net.StandardSocketOptions.SO_SNDBUF, 256 << 10);
            app.connect(FRONT);
            try (End server = destination.accept()) {
                if (readerHasFinished) {
                    server.finish();
                    assertThat(app.read(ByteBuffer.allocate(1))).isEqualTo(-1);
                }
                app.configureBlocking(false);
                app.register(selector, SelectionKey.OP_WRITE);
                ByteBuffer chunk = ByteBuffer.allocate(1 << 20);
                payload.fill(chunk);
                while (payload.hasMore() && selector.select(key -> {}, 700) > 0) {
                    app.write(chunk);
                    payload.fill(chunk);
                }
                long accepted = payload.taken() - chunk.remaining();
                assertThat(accepted).isBetween(1L << 16, kernelBuffers());

                CompletableFuture<String> received = Payload.answer(() -> Payload.sha256(server.input()));
                while (chunk.hasRemaining()) {
                    selector.select(key -> {});
                    app.write(chunk);
                    payload.fill(chunk);
                }
                app.shutdownOutput();
                assertThat(received.join()).isEqualTo(payload.sha256());
            }
        }
    }

    /** Returns the maximum size of the kernel's buffers between an application and a destination behind three hops. */
    private static long kernelBuffers() throws IOException {
        return 4 * (maximum("tcp_rmem") + maximum("tcp_wmem"));
    }

    private static long maximum(String name) throws IOException {
        // In one read: a sysctl answers only the first.
        try (BufferedReader sizes = Files.newBufferedReader(Path.of("/proc/sys/net/ipv4", name))) {
            return Long.parseLong(sizes.readLine().split("\\s+")[2]);
        }
    }

    @Test
    void fourMebibytesEachWayAtTheSameTime() throws IOException {
        byte[] there = Payload.bytes(4 << 20);
        byte[] back = Payload.bytes(4 << 20);
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            Stream<CompletableFuture<Void>> sending = Stream.of(
                    Payload.background(() -> app.send(there).finish()),
                    Payload.background(() -> server.send(back).finish()));
            CompletableFuture<byte[]> atServer = Payload.answer(server::rest);
            Payload.assertSame(app.rest(), back);
            Payload.assertSame(atServer.join(), there);
            sending.forEach(CompletableFuture::join);
        }
    }
}
