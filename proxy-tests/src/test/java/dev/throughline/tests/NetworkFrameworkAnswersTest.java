package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice;
import dev.throughline.bridge.BridgeAnswer.Connected;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.transport.ConnectFailedException;
import dev.throughline.transport.ConnectFailure;
import dev.throughline.transport.UpstreamConnection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The answers of an agent to a hop's request, byte for byte. */
@Timeout(60)
class NetworkFrameworkAnswersTest {
    private static final InetSocketAddress THERE = new InetSocketAddress(InetAddresses.forString("198.51.100.80"), 443);
    private static final Tuple CONNECTION =
            Tuple.tcp(new InetSocketAddress(InetAddresses.forString("192.0.2.10"), 40_001), THERE);
    private static final BridgeRequest.Open REQUEST = AskingHop.request(Optional.empty(), THERE);
    private static final BridgeRequest.Open WITH_HANDLE = AskingHop.request(Optional.of(Bytes.ofHex("07")), THERE);

    @RegisterExtension
    private final OpenResources open = new OpenResources();

    @TempDir
    Path folder;

    private ScriptedAgent agent;
    private AskingHop hop;
    private BridgeAgent watch;

    @BeforeEach
    void watched() throws IOException {
        agent = open.add(ScriptedAgent.at(folder.resolve("agent.bridge"), 1));
        hop = open.add(AskingHop.of(folder.resolve("agent.bridge")));
        watch = open.add(agent.acceptWatch());
        hop.awaitNotices("back");
    }

    private OpenedFlow ask(BridgeRequest.Open request) {
        return hop.open(request, AskingHop.PATIENCE);
    }

    private BridgeAgent asked(BridgeRequest request) throws IOException {
        return open.add(agent.accept(request));
    }

    private static byte[] all(BridgeAnswer... answers) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (BridgeAnswer answer : answers) {
            bytes.writeBytes(answer.encode().toByteArray());
        }
        return bytes.toByteArray();
    }

    private static byte[] allThatMayBeSaid() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(all(
                new AgentNotice.Waiting("no-network"),
                new AgentNotice.Unknown(0xFE, Bytes.ofHex("00")),
                new AgentNotice.Carried(),
                new AgentNotice.Addresses(CONNECTION),
                new Connected()));
        bytes.writeBytes("hello".getBytes(StandardCharsets.UTF_8));
        return bytes.toByteArray();
    }

    private static void assertOpened(OpenedFlow flow) throws Exception {
        UpstreamConnection found = flow.opened();
        assertThat(found.carried()).isTrue();
        assertThat(found.addresses()).contains(CONNECTION);
        flow.connected().awaitText("hello");
    }

    @Test
    void bytesRightBehindTheAnswerAreTheFlows() throws Exception {
        OpenedFlow flow = ask(WITH_HANDLE);
        asked(WITH_HANDLE).send(allThatMayBeSaid());
        assertOpened(flow);
    }

    @Test
    void anAnswerMayComeByteByByte() throws Exception {
        OpenedFlow flow = ask(WITH_HANDLE);
        BridgeAgent end = asked(WITH_HANDLE);
        for (byte one : allThatMayBeSaid()) {
            end.send(new byte[] {one});
        }
        assertOpened(flow);
    }

    /** Bytes before the end aren't lost, although they haven't been requested yet. */
    @Test
    void aFlowThatHasEndedBeforeItsAnswerIsReadIsWhole() throws Exception {
        OpenedFlow flow = ask(WITH_HANDLE);
        asked(WITH_HANDLE).send(allThatMayBeSaid()).finish();
        assertOpened(flow);
        flow.awaitEnd();
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("byte 0: an answer begins with 49 42", "HTTP".getBytes(StandardCharsets.UTF_8)),
                Arguments.of(
                        "\"carried\", but the flow has no handle", all(new AgentNotice.Carried(), new Connected())),
                Arguments.of(
                        "a second \"addresses\"",
                        all(
                                new AgentNotice.Addresses(CONNECTION),
                                new AgentNotice.Addresses(CONNECTION),
                                new Connected())),
                Arguments.of("limits, which weren't requested", all(new AgentNotice.Limits(0, 0, 0), new Connected())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void anInvalidAnswerOpensNothing(String problem, byte[] said) throws Exception {
        OpenedFlow flow = ask(REQUEST);
        BridgeAgent end = asked(REQUEST).send(said);
        assertThat(AskingHop.failure(flow)).hasMessage("agent-malformed: " + problem);
        assertThat(end.restText()).isEmpty();
        assertThat(flow.isReleased()).isFalse();
        end.close();
        AskingHop.get(flow.released());
    }

    @Test
    void anAgentThatClosesWithoutAnAnswerIsGone() throws Exception {
        OpenedFlow flow = ask(REQUEST);
        asked(REQUEST).close();
        assertThat(AskingHop.failure(flow)).hasMessage("agent-gone: it closed the connection without an answer");
        AskingHop.get(flow.released());
    }

    /** It has read nothing, so that its end is a broken connection as well. */
    @Test
    void anAgentThatRefusesTheHopIsHeard() throws Exception {
        OpenedFlow flow = ask(REQUEST);
        try (BridgeAgent end = agent.accept()) {
            ScriptedAgent.say(end, new BridgeAnswer.Failed("hop-not-allowed"));
        }
        assertThat(AskingHop.failure(flow)).hasMessage("hop-not-allowed: reported by the agent");
        AskingHop.get(flow.released());
    }

    /** For the agent, this side's end is the flow's end: only a close shows that the flow is gone. */
    @Test
    void aConnectionThatOpensAfterItWasAbandonedIsClosed() throws Exception {
        OpenedFlow flow = ask(REQUEST);
        BridgeAgent end = asked(REQUEST);
        flow.giveUp();
        assertThat(end.restText()).isEmpty();
        ScriptedAgent.say(end, new Connected());
        assertThat(AskingHop.failure(flow).failure()).isEqualTo(ConnectFailure.GIVEN_UP);
        assertThatThrownBy(() -> {
                    while (true) {
                        end.send("anybody there?");
                    }
                })
                .isInstanceOf(IOException.class);
        assertThat(flow.isReleased()).isFalse();
        ScriptedAgent.say(watch, new AgentNotice.Limits(0, 0, 0));
        AskingHop.get(flow.released());
    }

    /** These limits may have been sent before the agent saw the end, so the slot is freed later. */
    @Test
    void limitsInTransitFreeNoSlotAtOnce() throws Exception {
        OpenedFlow flow = ask(REQUEST);
        asked(REQUEST).send(all(new Connected()));
        flow.close();
        long start = System.nanoTime();
        ScriptedAgent.say(watch, new AgentNotice.Limits(0, 1, 0));
        AskingHop.get(flow.released());
        assertThat(System.nanoTime() - start)
                .isGreaterThanOrEqualTo(AskingHop.TIMINGS.settle().toNanos());
    }

    /** An agent that returns reports the connections that are still in use. */
    @Test
    void anAgentThatIsGoneHasNoSlots() throws Exception {
        OpenedFlow givenUp = ask(REQUEST);
        BridgeAgent first = asked(REQUEST);
        givenUp.giveUp();
        assertThat(first.restText()).isEmpty();
        OpenedFlow closed = ask(REQUEST);
        asked(REQUEST).send(all(new Connected()));
        closed.close();
        assertThat(givenUp.isReleased()).isFalse();
        assertThat(closed.isReleased()).isFalse();

        watch.close();
        AskingHop.get(givenUp.released());
        AskingHop.get(closed.released());
    }

    /** A connected flow stays connected, and no longer uses a slot. */
    @Test
    void aFlowOutlivesTheWatch() throws Exception {
        OpenedFlow flow = ask(REQUEST);
        BridgeAgent end = asked(REQUEST).send(all(new Connected()));
        flow.connected();
        watch.close();
        hop.awaitNotices("back", "gone: agent-gone: it shut down the watch connection");
        end.send("still here");
        flow.awaitText("still here");
        flow.close();
        AskingHop.get(flow.released());
    }

    /** The queue of an agent that accepts no connection is full: the hop waits, and then sends its request. */
    @Test
    void anAgentThatTakesNoConnectionsIsGivenUpOrWaitedFor() throws Exception {
        BridgeAgent first = open.add(BridgeAgent.connect(folder.resolve("agent.bridge")));
        BridgeAgent second = open.add(BridgeAgent.connect(folder.resolve("agent.bridge")));
        OpenedFlow late = hop.open(REQUEST, Duration.ofMillis(100));
        assertThat(AskingHop.failure(late))
                .hasMessage("start-timeout: the agent's queue of connections is full")
                .extracting(ConnectFailedException::failure)
                .isEqualTo(ConnectFailure.START_TIMEOUT);
        assertThat(late.isReleased()).isTrue();

        OpenedFlow patient = ask(REQUEST);
        first.close();
        second.close();
        open.add(agent.accept());
        open.add(agent.accept());
        asked(REQUEST).send(all(new Connected()));
        patient.connected();
    }
}
