package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice;
import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Settings;
import dev.throughline.header.Bytes;
import dev.throughline.transport.AgentClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A hop's watch over its agent. */
@Timeout(60)
class NetworkFrameworkWatchTest {
    private static final String ENDED = "gone: agent-gone: it shut down the watch connection";
    private static final AgentClient.Timings IMPATIENT = new AgentClient.Timings(
            Duration.ofSeconds(1), Duration.ofMillis(10), Duration.ofMillis(40), Duration.ofMillis(20));

    @RegisterExtension
    private final OpenResources open = new OpenResources();

    @TempDir
    Path folder;

    private Destination destination;

    @BeforeEach
    void listen() throws IOException {
        destination = open.add(Destination.at(InetAddresses.forString("127.0.0.1")));
    }

    private Path socket() {
        return folder.resolve("agent.bridge");
    }

    private NetworkFrameworkEmulator emulate(Settings settings) throws IOException {
        return open.add(NetworkFrameworkEmulator.start(socket(), settings.withLimitsEvery(Duration.ofMillis(50))));
    }

    private AskingHop hop() {
        return open.add(AskingHop.of(socket()));
    }

    private AskingHop hop(AgentClient.Rule rule, AgentClient.Timings timings) {
        return open.add(new AskingHop(socket(), rule, timings));
    }

    private static CompletableFuture<Optional<String>> nothingAgainst(AgentClient.Agent agent) {
        return CompletableFuture.completedFuture(Optional.empty());
    }

    /** At once: its deadline is far away. */
    private void assertNoRequest(AskingHop hop, String why) throws Exception {
        OpenedFlow flow = hop.open(destination.address());
        assertThat(flow.result()).isCompletedExceptionally();
        assertThat(flow.isReleased()).isTrue();
        assertThat(AskingHop.failure(flow)).hasMessage(why);
    }

    @Test
    void noRequestIsSentBeforeTheAgentIsIdentified() throws Exception {
        emulate(Settings.limited(0));
        AskingHop hop = hop(NetworkFrameworkWatchTest::nothingAgainst, IMPATIENT);
        assertNoRequest(hop, "agent-gone: not contacted yet");
        hop.start().awaitNotices("back");
        hop.open(destination.address()).connected();
    }

    @Test
    void limitsAreReported() throws Exception {
        emulate(Settings.limited(1));
        AskingHop hop = hop();
        await().until(() -> hop.reportedLimits().contains(new Limits(1, 0, 0)));
        hop.open(destination.address()).connected();
        await().until(() -> hop.reportedLimits().contains(new Limits(1, 1, 0)));
        assertThat(hop.notices()).containsExactly("back");
    }

    @Test
    void anAgentThatIsSilentIsGoneUntilItSpeaksAgain() throws Exception {
        NetworkFrameworkEmulator emulator = emulate(Settings.limited(0));
        AskingHop hop = hop(NetworkFrameworkWatchTest::nothingAgainst, IMPATIENT)
                .start()
                .awaitNotices("back");
        OpenedFlow connected = hop.open(destination.address()).connected();
        String silent = "agent-gone: no message for 1000 ms";
        emulator.silence(true);
        hop.awaitNotices("back", "gone: " + silent);
        assertNoRequest(hop, silent);

        emulator.silence(false);
        hop.awaitNotices("back", "gone: " + silent, "back");
        hop.open(destination.address()).connected();
        try (End server = destination.accept()) {
            server.send("still here");
            connected.awaitText("still here");
        }
    }

    @Test
    void anAgentThatEndsItsListenerIsGoneUntilItListensAgain() throws Exception {
        NetworkFrameworkEmulator emulator = emulate(Settings.limited(0));
        AskingHop hop = hop().awaitNotices("back");
        emulator.stopListening();
        emulator.endWatches();
        await().until(() -> hop.notices().size() == 3);
        assertThat(hop.notices().get(1)).isEqualTo(ENDED);
        assertThat(hop.notices().get(2)).startsWith("gone: agent-gone: no agent listens at " + socket());

        emulator.listen();
        await().until(() -> hop.notices().size() == 4);
        assertThat(hop.notices().getLast()).isEqualTo("back");
        hop.open(destination.address()).connected();
    }

    @Test
    void aWatchThatIsEndedIsFollowedByAnother() throws Exception {
        NetworkFrameworkEmulator emulator = emulate(Settings.limited(0));
        AskingHop hop = hop().awaitNotices("back");
        emulator.endWatches();
        hop.awaitNotices("back", ENDED, "back");
        assertThat(emulator.watches()).isEqualTo(1);
    }

    /** The reason is reported once, however often the hop retries. */
    @Test
    void anAgentOfAnotherUserGetsNoRequests() throws Exception {
        NetworkFrameworkEmulator emulator = emulate(Settings.limited(0));
        List<AgentClient.Agent> seen = new CopyOnWriteArrayList<>();
        AgentClient.Rule rule = agent -> {
            seen.add(agent);
            return CompletableFuture.completedFuture(Optional.of("user " + agent.uid()));
        };
        AskingHop hop = hop(rule, AskingHop.TIMINGS).start();
        await().until(() -> seen.size() > 2);
        String why = "agent-not-allowed: user " + seen.getFirst().uid();
        assertThat(hop.notices()).containsExactly("gone: " + why);
        assertThat(seen.getFirst().pid())
                .isEqualTo((int) ProcessHandle.current().pid());
        assertNoRequest(hop, why);
        assertThat(emulator.watches()).isZero();
    }

    @Test
    void anAgentThatCannotBeIdentifiedGetsNoRequests() throws Exception {
        emulate(Settings.limited(0));
        AskingHop hop = hop(
                        agent -> CompletableFuture.failedFuture(new IOException("the process has ended")),
                        AskingHop.TIMINGS)
                .start();
        await().until(() -> !hop.notices().isEmpty());
        assertThat(hop.notices().getFirst())
                .startsWith("gone: agent-not-allowed: process ")
                .contains("the process has ended");
    }

    @Test
    void theCheckOfTheAgentHasTheTimeoutOfSilence() throws Exception {
        emulate(Settings.limited(0));
        hop(agent -> new CompletableFuture<>(), IMPATIENT)
                .start()
                .awaitNotices("gone: agent-gone: no message for 1000 ms");
    }

    @Test
    void anAgentThatDoesntAllowTheHopReportsIt() throws Exception {
        emulate(Settings.limited(0).withUser(4242));
        AskingHop hop = hop().awaitNotices("gone: hop-not-allowed: reported by the agent");
        assertNoRequest(hop, "hop-not-allowed: reported by the agent");
    }

    /** The agent has closed before the request arrives, but its answer is read. */
    @Test
    void anAgentThatDoesntAllowTheHopIsHeardAlthoughItHasClosed() throws Exception {
        ScriptedAgent agent = open.add(ScriptedAgent.at(socket(), 1));
        CompletableFuture<Optional<String>> objection = new CompletableFuture<>();
        AskingHop hop = hop(one -> objection, AskingHop.TIMINGS).start();
        try (BridgeAgent watch = agent.accept()) {
            ScriptedAgent.say(watch, new BridgeAnswer.Failed("hop-not-allowed"));
        }
        objection.complete(Optional.empty());
        hop.awaitNotices("gone: hop-not-allowed: reported by the agent");
    }

    /** The process that listens there may be one that isn't allowed. */
    @Test
    void limitsAreIgnoredBeforeTheAgentIsIdentified() throws Exception {
        ScriptedAgent agent = open.add(ScriptedAgent.at(socket(), 1));
        AskingHop hop = hop(one -> new CompletableFuture<>(), AskingHop.TIMINGS).start();
        try (BridgeAgent watch = agent.accept()) {
            ScriptedAgent.say(watch, new Limits(512, 0, 0));
        }
        hop.awaitNotices("gone: agent-malformed: Limits[capacity=512, inUse=0, waiting=0], sent before the request");
        assertThat(hop.reportedLimits()).isEmpty();
    }

    @Test
    void anAgentWithAnInvalidNoticeIsGone() throws Exception {
        ScriptedAgent agent = open.add(ScriptedAgent.at(socket(), 10));
        AskingHop hop = hop();
        List<byte[]> wrong = List.of(
                Bytes.ofHex("4343").toByteArray(),
                new BridgeAnswer.Connected().encode().toByteArray(),
                new AgentNotice.Carried().encode().toByteArray());
        for (byte[] bytes : wrong) {
            try (BridgeAgent watch = agent.accept(new BridgeRequest.Watch())) {
                watch.send(bytes);
                assertThat(watch.restText()).isEmpty();
            }
        }
        assertThat(hop.notices())
                .allMatch(line -> line.startsWith("gone: agent-malformed: "))
                .hasSize(3);
    }

    @Test
    void newsOfALaterAgentArePassedOver() throws Exception {
        ScriptedAgent agent = open.add(ScriptedAgent.at(socket(), 10));
        AskingHop hop = hop();
        BridgeAgent watch = open.add(agent.accept(new BridgeRequest.Watch()));
        ScriptedAgent.say(watch, new AgentNotice.Unknown(0xFE, Bytes.EMPTY));
        ScriptedAgent.say(watch, new Limits(512, 3, 0));
        hop.awaitNotices("back");
        await().until(() -> hop.reportedLimits().equals(List.of(new Limits(512, 3, 0))));
    }

    /** The watch is still open to the allowed process; another process has taken its socket. */
    @Test
    void aProcessOtherThanTheAllowedOneGetsNoRequests() throws Exception {
        NetworkFrameworkEmulator emulator = emulate(Settings.limited(0));
        AskingHop hop = hop().awaitNotices("back");
        emulator.stopListening();
        try (Party other = Party.start(Host.THIS).ready().listen(socket())) {
            OpenedFlow flow = hop.open(destination.address());
            assertThat(AskingHop.failure(flow).getMessage())
                    .startsWith("agent-not-allowed: process " + other.pid() + " of user ")
                    .contains(", and not process " + ProcessHandle.current().pid() + " of user ");
            assertThat(flow.isReleased()).isTrue();
        }
        assertThat(hop.notices()).containsExactly("back");
    }
}
