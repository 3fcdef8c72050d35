package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Settings;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Start;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.transport.ConnectFailedException;
import dev.throughline.transport.ConnectFailure.Blame;
import dev.throughline.transport.UpstreamConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Connections that a hop requests from an agent, and the release of their slots. */
@Timeout(60)
class AgentClientTest {
    private static final Bytes HANDLE = Bytes.ofHex("00ff07");
    private static final Duration SOON = Duration.ofMillis(200);

    @RegisterExtension
    private final OpenResources open = new OpenResources();

    @TempDir
    Path folder;

    private Destination destination;
    private NetworkFrameworkEmulator emulator;
    private AskingHop hop;

    @BeforeEach
    void listen() throws IOException {
        destination = open.add(Destination.at(InetAddresses.forString("127.0.0.1")));
    }

    private void emulate(Settings settings) throws IOException {
        Path socket = folder.resolve("agent.bridge");
        emulator = open.add(NetworkFrameworkEmulator.start(socket, settings.withLimitsEvery(Duration.ofMillis(50))));
        hop = open.add(AskingHop.of(socket)).awaitNotices("back");
    }

    private OpenedFlow ask() {
        return hop.open(destination.address());
    }

    private OpenedFlow askWithin(Duration deadline) {
        return hop.open(AskingHop.request(Optional.empty(), destination.address()), deadline);
    }

    private OpenedFlow askFor(Bytes handle) {
        return hop.open(AskingHop.request(Optional.of(handle), destination.address()), AskingHop.PATIENCE);
    }

    private static void assertNotOpened(OpenedFlow flow, String reason, String detail, Blame blame) throws Exception {
        ConnectFailedException why = AskingHop.failure(flow);
        assertThat(why).hasMessage(reason + ": " + detail);
        assertThat(why.failure().blame()).isEqualTo(blame);
    }

    private void awaitInUse(int connections) {
        await().until(() -> emulator.inUse() == connections);
    }

    /** The hop signs the addresses that the agent reported; the next hop compares them with those of its own system. */
    @Test
    void aConnectionIsTheOneThatTheDestinationSees() throws Exception {
        emulate(Settings.limited(0));
        UpstreamConnection found = ask().opened();
        try (End server = destination.accept()) {
            assertThat(found.addresses()).contains(Tuple.tcp(server.remote(), server.local()));
        }
        assertThat(found.carried()).isFalse();
    }

    @Test
    void theIdentityOfAFlowIsCarried() throws Exception {
        emulate(Settings.limited(0));
        emulator.handedOver(HANDLE);
        assertThat(askFor(HANDLE).opened().carried()).isTrue();
    }

    @Test
    void aHandleThatTheAgentDoesntKnowOpensNothing() throws Exception {
        emulate(Settings.limited(0));
        OpenedFlow flow = askFor(HANDLE);
        assertNotOpened(flow, "unknown-handle", "reported by the agent", Blame.TRANSPORT);
        AskingHop.get(flow.released());
    }

    @Test
    void eachDirectionEndsByItself() throws Exception {
        emulate(Settings.limited(1));
        OpenedFlow flow = ask().connected().send("question").finish();
        try (End server = destination.accept()) {
            assertThat(server.restText()).isEqualTo("question");
            server.send("answer").finish();
        }
        flow.awaitText("answer");
        flow.awaitEnd();
    }

    /** Only the limits show it, because the agent's close looks like the end of one direction. */
    @Test
    void anOpenConnectionKeepsItsSlotUntilTheAgentReportsItsEnd() throws Exception {
        emulate(Settings.limited(1));
        for (int i = 0; i < 5; i++) {
            OpenedFlow flow = ask().connected();
            destination.accept().close();
            flow.awaitEnd();
            assertThat(flow.isReleased()).isFalse();
            flow.close();
            AskingHop.get(flow.released());
            assertThat(emulator.inUse()).isZero();
        }
    }

    @Test
    void aStartThatWouldWaitForeverIsCancelledAndItsSlotFreed() throws Exception {
        emulate(Settings.limited(1));
        OpenedFlow first = ask().connected();
        OpenedFlow second = ask();

        assertNotOpened(second, "start-timeout", "waiting: no-memory", Blame.TRANSPORT);
        AskingHop.get(second.released());
        assertThat(emulator.inUse()).isEqualTo(1);

        first.close();
        AskingHop.get(first.released());
        ask().connected();
    }

    /** No earlier state of the agent prevents the request. */
    @Test
    void aDestinationThatDoesntAnswerIsGivenUpAtTheDeadline() throws Exception {
        emulate(Settings.limited(1));
        emulator.starts(new Start.After(Duration.ofMinutes(1)));
        OpenedFlow flow = askWithin(SOON);
        assertNotOpened(flow, "start-timeout", "no answer", Blame.DESTINATION);
        AskingHop.get(flow.released());
        assertThat(emulator.inUse()).isZero();
    }

    @Test
    void aFlowThatEndsBeforeGivesItsStartUp() throws Exception {
        emulate(Settings.limited(1));
        emulator.starts(new Start.After(Duration.ofMinutes(1)));
        OpenedFlow flow = ask();
        awaitInUse(1);
        flow.giveUp();
        assertNotOpened(flow, "given-up", "its flow has ended", Blame.TRANSPORT);
        AskingHop.get(flow.released());
        assertThat(emulator.inUse()).isZero();
    }

    @Test
    void anOpenConnectionCannotBeAbandoned() throws Exception {
        emulate(Settings.limited(1));
        OpenedFlow flow = ask().connected();
        flow.giveUp();
        flow.send("question");
        try (End server = destination.accept()) {
            assertThat(server.receive(8)).hasSize(8);
        }
    }

    @Test
    void aFailedStartNamesItsCause() throws Exception {
        emulate(Settings.limited(1));
        emulator.starts(new Start.Failing("no-interface"));
        OpenedFlow flow = ask();
        assertNotOpened(flow, "no-interface", "reported by the agent", Blame.TRANSPORT);
        AskingHop.get(flow.released());

        emulator.starts(new Start.AtOnce());
        InetSocketAddress nobody = destination.address();
        destination.close();
        flow = hop.open(nobody);
        assertNotOpened(flow, "connect-refused", "reported by the agent", Blame.DESTINATION);
        AskingHop.get(flow.released());
        assertThat(emulator.inUse()).isZero();
    }

    /** Waiting connections stay in use until they are cancelled, and none is left over. */
    @Test
    void aThousandStartsAtOnceUseTheAvailableSlots() throws Exception {
        emulate(Settings.limited(NetworkFrameworkEmulator.LIMIT));
        try (EchoServer echo = EchoServer.at(new InetSocketAddress(InetAddresses.forString("127.0.0.1"), 0))) {
            List<OpenedFlow> flows = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                flows.add(hop.open(AskingHop.request(Optional.empty(), echo.address()), Duration.ofSeconds(5)));
            }
            List<OpenedFlow> connected = new ArrayList<>();
            for (OpenedFlow flow : flows) {
                if (AskingHop.get(flow.result().handle((channel, problem) -> problem != null))) {
                    assertNotOpened(flow, "start-timeout", "waiting: no-memory", Blame.TRANSPORT);
                    AskingHop.get(flow.released());
                } else {
                    connected.add(flow.connected().send("hello"));
                }
            }
            assertThat(connected).hasSize(NetworkFrameworkEmulator.LIMIT);
            assertThat(emulator.inUse()).isEqualTo(NetworkFrameworkEmulator.LIMIT);
            await().until(() -> connected.stream().allMatch(flow -> flow.hasText("hello")));
            for (OpenedFlow flow : connected) {
                flow.close();
            }
            for (OpenedFlow flow : connected) {
                AskingHop.get(flow.released());
            }
            awaitInUse(0);
            await().until(() ->
                    hop.reportedLimits().getLast().equals(new Limits(NetworkFrameworkEmulator.LIMIT, 0, 0)));
        }
    }
}
