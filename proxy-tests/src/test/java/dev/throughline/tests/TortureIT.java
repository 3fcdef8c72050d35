package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.header.Tuple;
import dev.throughline.tests.TortureScene.Engine;
import dev.throughline.tests.TortureScene.OpenFlow;
import dev.throughline.tests.TortureScene.Route;
import dev.throughline.tests.TortureScene.Side;
import dev.throughline.tests.TortureScene.Target;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The semantics of a relayed flow, for every engine, observed at sockets, in the flow log and in metrics only. A flow through hops
 * behaves like one connection: bytes arrive complete and in order, an end is an end of one direction after its last byte, a reset is
 * never an end, and a reader holds back the writer. Peers that vanish from the network are in {@link LastingFlowsIT}.
 */
@Order(1)
@Timeout(180)
@ParameterizedClass(name = "{0}")
@EnumSource(Engine.class)
class TortureIT {
    private static final int MIB = 1 << 20;
    /** More than all kernels and hops on the way hold. */
    private static final int MORE_THAN_FITS = 32 * MIB;
    /** Fits into the buffers of the kernels on the way, so that a writer can end before anyone reads. */
    private static final int FITS = 64 * 1024;
    /** What a hop may hold of one direction that is blocked: with today's engine, 256 KiB and a little. */
    private static final int MOST_HELD = 512 * 1024;

    private static final int PATIENCE_SECONDS = AttackSize.of(30, 150);

    @TempDir
    static Path folder;

    private static TortureScene scene;

    TortureIT(Engine unused) {}

    @BeforeParameterizedClassInvocation
    static void start(Engine engine) throws IOException {
        scene = TortureScene.start(Files.createDirectory(folder.resolve(engine.name())), engine);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        scene.close();
    }

    @AfterEach
    void nothingIsLeft() {
        scene.awaitNothingLeft();
    }

    /** Each route, and each side that sends or acts first. */
    static Stream<Arguments> routesAndSides() {
        return Stream.of(Route.values())
                .flatMap(route -> Stream.of(Side.values()).map(side -> arguments(route, side)));
    }

    /** Without the agent's side. It has no urgent data, and its close means a reset (BRIDGE.md, section 4). */
    static Stream<Arguments> routesAndTcpSides() {
        return routesAndSides().filter(pair -> pair.get()[0] != Route.AGENT || pair.get()[1] != Side.APPLICATION);
    }

    static Stream<Arguments> routesOfOneHopAndSides() {
        return routesAndSides().filter(pair -> pair.get()[0] != Route.TWO_HOPS);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** Sends random bytes beside the test, until all are sent or sending fails. */
    private static final class Writer {
        private static final int PIECE = 64 * 1024;

        private final byte[] bytes;
        private final AtomicLong sent = new AtomicLong();
        private final CompletableFuture<Void> done;

        Writer(FlowEnd end, int count, Payload.Action after) {
            this.bytes = Payload.bytes(count);
            this.done = Payload.background(() -> {
                for (int from = 0; from < count; from += PIECE) {
                    int length = Math.min(PIECE, count - from);
                    end.output().write(bytes, from, length);
                    sent.addAndGet(length);
                }
                after.run();
            });
        }

        /** Waits until it is blocked because everything on the way is full. */
        void awaitBlocked() {
            AtomicLong before = new AtomicLong(-1);
            await("the writer is blocked")
                    .atMost(Duration.ofSeconds(20))
                    .pollInterval(Duration.ofMillis(20))
                    .during(Duration.ofMillis(150))
                    .until(() -> sent.get() > 0 && before.getAndSet(sent.get()) == sent.get());
            assertThat(done).isNotDone();
        }
    }

    /** Waits until a hop of the route holds bytes: the receiver takes less than the sender sends. */
    private static void awaitHeldBytes(Route route) {
        await("a hop holds bytes")
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> scene.heldBytes(route) > 0);
    }

    /** Ends both directions in order, and expects that the hops log that. */
    private static void complete(OpenFlow flow) throws IOException {
        flow.application().finish();
        assertThat(flow.destination().rest()).isEmpty();
        flow.destination().finish();
        assertThat(flow.application().rest()).isEmpty();
        scene.assertClosed(flow, "completed");
    }

    @Nested
    class Bytes {
        @ParameterizedTest
        @EnumSource
        void thatAreWrittenOneByOneArriveCompleteAndInOrder(Route route) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                List<byte[]> sent = new ArrayList<>();
                List<CompletableFuture<Void>> writers = new ArrayList<>();
                List<CompletableFuture<byte[]>> received = new ArrayList<>();
                for (Side side : Side.values()) {
                    byte[] bytes = Payload.bytes(3000);
                    sent.add(bytes);
                    received.add(Payload.answer(() -> flow.end(side.other()).receive(bytes.length)));
                    writers.add(Payload.background(() -> {
                        for (byte one : bytes) {
                            flow.end(side).send(new byte[] {one});
                        }
                    }));
                }
                for (int i = 0; i < sent.size(); i++) {
                    get(writers.get(i));
                    Payload.assertSame(get(received.get(i)), sent.get(i));
                }
                complete(flow);
            }
        }

        @ParameterizedTest
        @EnumSource
        void ofTheDestinationArriveBeforeTheApplicationHasSentOne(Route route) throws IOException {
            byte[] greeting = Payload.bytes(5000);
            try (OpenFlow flow = scene.open(route)) {
                flow.destination().send(greeting);
                Payload.assertSame(flow.application().receive(greeting.length), greeting);
                flow.application().send(greeting);
                Payload.assertSame(flow.destination().receive(greeting.length), greeting);
                complete(flow);
            }
        }

        /** The mark is lost, the byte is not, and its place is kept. */
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndTcpSides")
        void thatAreUrgentStayInTheStreamAsOrdinaryBytes(Route route, Side side) throws IOException {
            try (OpenFlow flow = scene.open(route)) {
                FlowEnd.Tcp sender = (FlowEnd.Tcp) flow.end(side);
                sender.end().socket().sendUrgentData('A');
                sender.send(new byte[] {'b', 'c'});
                sender.end().socket().sendUrgentData('D');
                sender.end().socket().sendUrgentData('E');
                sender.send(new byte[] {'f'});
                sender.end().socket().sendUrgentData('G');
                assertThat(new String(flow.end(side.other()).receive(7), StandardCharsets.US_ASCII))
                        .isEqualTo("AbcDEfG");
                complete(flow);
            }
        }

        @ParameterizedTest
        @EnumSource
        void bothWaysAtOnceHaveEqualHashes(Route route) throws Exception {
            long length = (long) AttackSize.of(64, 1024) * MIB;
            try (OpenFlow flow = scene.open(route)) {
                List<CompletableFuture<String>> sent = new ArrayList<>();
                List<CompletableFuture<String>> received = new ArrayList<>();
                for (Side side : Side.values()) {
                    Payload.Stream bytes =
                            new Payload.Stream(ThreadLocalRandom.current().nextLong(), length);
                    sent.add(Payload.answer(() -> {
                        bytes.writeTo(flow.end(side).output());
                        flow.end(side).finish();
                        return bytes.sha256();
                    }));
                    received.add(Payload.answer(
                            () -> Payload.sha256(flow.end(side.other()).input())));
                }
                for (int i = 0; i < sent.size(); i++) {
                    assertThat(get(received.get(i))).isEqualTo(get(sent.get(i)));
                }
                scene.assertClosed(flow, "completed");
            }
        }
    }

    @Nested
    class SlowReader {
        /** Its window is zero. The hop holds a bounded number of bytes, whatever the sender sends. */
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void thatReadsNothingHoldsBackTheSenderAndThenGetsEverything(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                FlowEnd reader = flow.end(side.other());
                Writer writer = new Writer(
                        flow.end(side), MORE_THAN_FITS, () -> flow.end(side).finish());
                writer.awaitBlocked();
                assertThat(scene.heldBytes(route)).isPositive().isLessThanOrEqualTo(MOST_HELD);

                // The other direction isn't blocked.
                byte[] reply = Payload.bytes(1000);
                reader.send(reply);
                Payload.assertSame(flow.end(side).receive(reply.length), reply);

                Payload.assertSame(reader.rest(), writer.bytes);
                get(writer.done);
                reader.finish();
                assertThat(flow.end(side).rest()).isEmpty();
                scene.assertClosed(flow, "completed");
            }
        }

        /** It reads a piece each time that a hop holds bytes for it, so that each piece meets a blocked sender. */
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void getsEverythingWhileTheHopHoldsBoundedMemory(Route route, Side side) throws Exception {
            int piece = 2 * MIB;
            try (OpenFlow flow = scene.open(route)) {
                Writer writer = new Writer(
                        flow.end(side), MORE_THAN_FITS, () -> flow.end(side).finish());
                for (int from = 0; from < MORE_THAN_FITS; from += piece) {
                    await("a hop holds bytes, or all are sent")
                            .atMost(Duration.ofSeconds(10))
                            .pollInterval(Duration.ofMillis(1))
                            .pollDelay(Duration.ZERO)
                            .until(() -> writer.done.isDone() || scene.heldBytes(route) > 0);
                    assertThat(scene.heldBytes(route)).isLessThanOrEqualTo(MOST_HELD);
                    Payload.assertSame(
                            flow.end(side.other()).receive(piece),
                            Arrays.copyOfRange(writer.bytes, from, from + piece));
                }
                assertThat(flow.end(side.other()).rest()).isEmpty();
                get(writer.done);
                flow.end(side.other()).finish();
                assertThat(flow.end(side).rest()).isEmpty();
                scene.assertClosed(flow, "completed");
            }
        }
    }

    @Nested
    class EndOfStream {
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void followsTheLastByteThoughNobodyReadsYet(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                byte[] bytes = Payload.bytes(FITS);
                flow.end(side).send(bytes);
                flow.end(side).finish();

                Payload.assertSame(flow.end(side.other()).rest(), bytes);
                flow.end(side.other()).finish();
                assertThat(flow.end(side).rest()).isEmpty();
                scene.assertClosed(flow, "completed");
            }
        }

        /** Small pieces fill the kernels until the hop holds a few, and would still read the end. */
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void followsTheLastByteThatTheHopHeld(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                ByteArrayOutputStream sent = new ByteArrayOutputStream();
                // Bytes that only pass through are not held three times in a row.
                for (int held = 0; held < 3; ) {
                    if (scene.heldBytes(route) > 0) {
                        held++;
                        continue;
                    }
                    held = 0;
                    for (int i = 0; i < 8; i++) {
                        byte[] piece = Payload.bytes(4 * 1024);
                        flow.end(side).send(piece);
                        sent.write(piece);
                    }
                }
                flow.end(side).finish();

                Payload.assertSame(flow.end(side.other()).rest(), sent.toByteArray());
                flow.end(side.other()).finish();
                assertThat(flow.end(side).rest()).isEmpty();
                scene.assertClosed(flow, "completed");
            }
        }

        /** The sender's process has closed the connection while its bytes are on the way. */
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndTcpSides")
        void ofAClosedConnectionFollowsTheLastByte(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                byte[] bytes = Payload.bytes(FITS);
                flow.end(side).send(bytes).close();

                Payload.assertSame(flow.end(side.other()).rest(), bytes);
                flow.end(side.other()).finish();
                scene.assertClosed(flow, "completed");
            }
        }

        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void ofOneDirectionLeavesTheOtherOpenForReplies(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                byte[] request = Payload.bytes(1000);
                flow.end(side).send(request).finish();
                Payload.assertSame(flow.end(side.other()).rest(), request);

                for (int size : new int[] {1, 100, 100_000}) {
                    byte[] reply = Payload.bytes(size);
                    CompletableFuture<byte[]> received =
                            Payload.answer(() -> flow.end(side).receive(size));
                    flow.end(side.other()).send(reply);
                    Payload.assertSame(get(received), reply);
                }
                flow.end(side.other()).finish();
                assertThat(flow.end(side).rest()).isEmpty();
                scene.assertClosed(flow, "completed");
            }
        }
    }

    @Nested
    class Reset {
        @ParameterizedTest
        @EnumSource
        void beforeTheDestinationHasAnsweredCancelsTheConnection(Route route) throws IOException {
            FlowEnd application = scene.connect("first", route, Target.SILENT);
            scene.awaitStage(route.lastHop(), "connecting");

            application.reset();

            InetSocketAddress to = scene.address(route, Target.SILENT);
            scene.assertClosed(route.hops(), application.source(), to, "inbound-reset");
            assertThat(scene.closed(route.lastHop(), application.source(), to).text("detail"))
                    .isEqualTo("while connecting");
        }

        @ParameterizedTest
        @EnumSource
        void insteadOfAConnectionIsAResetOfTheApplication(Route route) throws IOException {
            RunningHop last = scene.hop(route.lastHop());
            double before = last.closedFor("connect-refused");
            if (route == Route.AGENT) {
                try (FlowEnd.Agent agent = (FlowEnd.Agent) scene.connect("first", route, Target.REFUSES)) {
                    assertThat(agent.agent().answer()).isEqualTo(new BridgeAnswer.Failed("connect-refused"));
                }
            } else {
                assertThat(scene.isRefused(route)).isTrue();
            }
            last.awaitClosed("connect-refused", before + 1);
        }

        @Test
        void byANextHopThatReadTheHeaderIsAResetOfTheApplication() throws IOException {
            try (End application = scene.connectToScriptedHop();
                    End nextHop = scene.acceptNextHop()) {
                application.send("hello");
                byte[] start = nextHop.receive(16);
                nextHop.receive(((start[14] & 0xFF) << 8) + (start[15] & 0xFF));
                assertThat(nextHop.receiveText(5)).isEqualTo("hello");

                nextHop.reset();

                assertThat(application.isReset()).isTrue();
                assertThat(scene.hop("first").closedFrom(application).text("reason"))
                        .isEqualTo("outbound-reset");
            }
        }

        @Test
        void byAPreviousHopAfterItsHeaderIsAResetOfTheDestination() throws IOException {
            try (End previous = scene.connectToSecond()) {
                Tuple flow =
                        Tuple.tcp(new InetSocketAddress("192.0.2.7", 4711), scene.address(Route.IPV4, Target.ACCEPTS));
                previous.send(scene.previousHop().header(flow, previous));
                try (End destination = scene.accept(Route.IPV4)) {
                    previous.reset();

                    assertThat(destination.isReset()).isTrue();
                    assertThat(scene.hop("second").closedFrom(previous).text("reason"))
                            .isEqualTo("inbound-reset");
                }
            }
        }

        @Test
        void byAPreviousHopWithinItsHeaderReachesNoDestination() throws IOException {
            try (End previous = scene.connectToSecond()) {
                Tuple flow =
                        Tuple.tcp(new InetSocketAddress("192.0.2.7", 4711), scene.address(Route.IPV4, Target.ACCEPTS));
                previous.send(Arrays.copyOf(scene.previousHop().header(flow, previous), 100));
                scene.awaitStage("second", "verifying");

                previous.reset();

                assertThat(scene.hop("second").closedFrom(previous).text("reason"))
                        .isEqualTo("header-incomplete");
            }
        }

        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void ofASilentFlowIsAReset(Route route, Side side) throws IOException {
            try (OpenFlow flow = scene.open(route)) {
                // A reset earlier than this is a connection that failed.
                for (String hop : route.hops()) {
                    scene.awaitStage(hop, "relaying");
                }
                flow.end(side).reset();

                assertThat(flow.end(side.other()).isReset()).isTrue();
                scene.assertClosed(flow, side.resetReason());
            }
        }

        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void byASenderWhoseBytesAreHeldIsAReset(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                Writer writer = new Writer(flow.end(side), MORE_THAN_FITS, () -> {});
                awaitHeldBytes(route);

                flow.end(side).reset();

                assertThat(flow.end(side.other()).isReset()).isTrue();
                scene.assertClosed(flow, side.resetReason());
                assertThatThrownBy(() -> get(writer.done)).isInstanceOf(ExecutionException.class);
            }
        }

        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void byAReaderForWhomBytesAreHeldIsAReset(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(route)) {
                Writer writer = new Writer(flow.end(side.other()), MORE_THAN_FITS, () -> {});
                awaitHeldBytes(route);

                flow.end(side).reset();

                assertThatThrownBy(() -> get(writer.done))
                        .isInstanceOf(ExecutionException.class)
                        .hasCauseInstanceOf(IOException.class);
                scene.assertClosed(flow, side.resetReason());
            }
        }

        /** The other side has read the end already, so that only its writes can fail. */
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndSides")
        void afterTheOwnEndFailsTheWritesOfTheOtherSide(Route route, Side side) throws IOException {
            try (OpenFlow flow = scene.open(route)) {
                flow.end(side).send(new byte[] {'a'}).finish();
                assertThat(flow.end(side.other()).rest()).containsExactly('a');

                flow.end(side).reset();

                flow.end(side.other()).awaitWriteFailure();
                scene.assertClosed(flow, side.resetReason());
            }
        }

        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndTcpSides")
        void afterTheEndOfTheOtherSideIsAReset(Route route, Side side) throws IOException {
            try (OpenFlow flow = scene.open(route)) {
                flow.end(side.other()).send(new byte[] {'a'}).finish();
                assertThat(flow.end(side).rest()).containsExactly('a');
                flow.end(side).send(new byte[] {'b'});
                assertThat(flow.end(side.other()).receive(1)).containsExactly('b');

                flow.end(side).reset();

                assertThat(flow.end(side.other()).isReset()).isTrue();
                scene.assertClosed(flow, side.resetReason());
            }
        }

        /** The answer was on the way when its receiver had closed. */
        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesAndTcpSides")
        void thatAnswersBytesAfterACloseIsNotCompleted(Route route, Side side) throws IOException {
            try (OpenFlow flow = scene.open(route)) {
                flow.end(side).close();
                assertThat(flow.end(side.other()).rest()).isEmpty();

                flow.end(side.other()).awaitWriteFailure();
                scene.assertClosed(flow, side.resetReason());
            }
        }
    }

    @Nested
    class Deadline {
        private static final String HOP = "impatient";

        private static void assertClosed(OpenFlow flow, String reason) {
            scene.assertClosed(List.of(HOP), flow.application().source(), flow.to(), reason);
        }

        @ParameterizedTest
        @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TWO_HOPS")
        void forIdleFlowsResetsBothSides(Route route) throws IOException {
            try (OpenFlow flow = scene.open(HOP, route)) {
                flow.application().send(new byte[1]);
                flow.destination().receive(1);

                assertThat(flow.application().isReset()).isTrue();
                assertThat(flow.destination().isReset()).isTrue();
                assertClosed(flow, "idle-timeout");
            }
        }

        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesOfOneHopAndSides")
        void forIdleFlowsAppliesToAReaderThatReadsNothing(Route route, Side side) throws Exception {
            try (OpenFlow flow = scene.open(HOP, route)) {
                Writer writer = new Writer(flow.end(side), MORE_THAN_FITS, () -> {});

                assertThatThrownBy(() -> get(writer.done)).hasCauseInstanceOf(IOException.class);
                assertClosed(flow, "idle-timeout");
            }
        }

        @ParameterizedTest
        @MethodSource("dev.throughline.tests.TortureIT#routesOfOneHopAndSides")
        void forHalfClosedFlowsResetsBothSides(Route route, Side side) throws IOException {
            try (OpenFlow flow = scene.open(HOP, route)) {
                flow.end(side).finish();
                assertThat(flow.end(side.other()).rest()).isEmpty();

                assertThat(flow.end(side).isReset()).isTrue();
                flow.end(side.other()).awaitWriteFailure();
                assertClosed(flow, "half-closed-timeout");
            }
        }

        /** Bytes of either direction count. The flows live for twice the idle timeout, which a silent one doesn't. */
        @Test
        void doesNotApplyWhileBytesMove() throws IOException {
            List<OpenFlow> flows = new ArrayList<>();
            try {
                for (Route route : scene.routesOfOneHop()) {
                    flows.add(scene.open(HOP, route));
                    flows.add(scene.open(HOP, route));
                }
                long end = System.nanoTime() + 2 * TortureScene.IDLE_TIMEOUT.toNanos();
                while (System.nanoTime() < end) {
                    for (int i = 0; i < flows.size(); i++) {
                        Side side = i % 2 == 0 ? Side.APPLICATION : Side.DESTINATION;
                        flows.get(i).end(side).send(new byte[1]);
                        flows.get(i).end(side.other()).receive(1);
                    }
                }
                for (OpenFlow flow : flows) {
                    flow.application().finish();
                    flow.destination().finish();
                    assertClosed(flow, "completed");
                }
            } finally {
                for (OpenFlow flow : flows) {
                    flow.close();
                }
            }
        }
    }

    /** To repeat a failure: {@code -Dthroughline.torture.seed=SEED}. */
    @Nested
    class ManyFlows {
        private static final int FLOWS = AttackSize.of(40, 400);

        @ParameterizedTest
        @EnumSource
        void atOnceShowWhatConnectionsWithoutHopsShow(Route route, TestReporter reporter) throws Exception {
            long seed = Long.getLong(
                    "throughline.torture.seed", ThreadLocalRandom.current().nextLong());
            reporter.publishEntry("seed", Long.toString(seed));
            List<TortureScript> scripts = new ArrayList<>();
            SplittableRandom seeds = new SplittableRandom(seed);
            for (int i = 0; i < FLOWS; i++) {
                // A Unix socket has no reset, and so shows other events.
                scripts.add(TortureScript.of(seeds.nextLong(), route != Route.AGENT));
            }
            List<OpenFlow> direct = new ArrayList<>();
            List<OpenFlow> relayed = new ArrayList<>();
            for (int i = 0; i < FLOWS; i++) {
                direct.add(scene.openDirect(route));
                relayed.add(scene.open(route));
            }
            List<TortureScript.Observed> expected = play(scripts, direct);
            List<TortureScript.Observed> observed = play(scripts, relayed);

            for (int i = 0; i < FLOWS; i++) {
                assertThat(observed.get(i))
                        .as("seed %d, flow %d: %s", seed, i, scripts.get(i))
                        .isEqualTo(expected.get(i));
                scene.assertClosed(relayed.get(i), scripts.get(i).closeReason());
            }
        }

        private static List<TortureScript.Observed> play(List<TortureScript> scripts, List<OpenFlow> flows)
                throws Exception {
            List<CompletableFuture<TortureScript.Observed>> playing = new ArrayList<>();
            for (int i = 0; i < scripts.size(); i++) {
                TortureScript script = scripts.get(i);
                OpenFlow flow = flows.get(i);
                playing.add(Payload.answer(() -> script.play(flow)));
            }
            List<TortureScript.Observed> all = new ArrayList<>();
            for (CompletableFuture<TortureScript.Observed> one : playing) {
                all.add(get(one));
            }
            return all;
        }
    }
}
