package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice.Addresses;
import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Metadata;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Settings;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Start;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
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

/** The emulator behaves as users report of macOS, and implements BRIDGE.md. */
@Timeout(60)
class NetworkFrameworkEmulatorTest {
    private static final BridgeAnswer CONNECTED = new BridgeAnswer.Connected();
    private static final BridgeAnswer CARRIED = new BridgeAnswer.AgentNotice.Carried();
    private static final BridgeAnswer NO_MEMORY = new BridgeAnswer.AgentNotice.Waiting("no-memory");
    private static final BridgeAnswer CANCELLED = new BridgeAnswer.Failed("cancelled");
    private static final Bytes HANDLE = Bytes.ofHex("00ff07");

    @RegisterExtension
    private final OpenResources open = new OpenResources();

    @TempDir
    Path folder;

    private Destination destination;
    private NetworkFrameworkEmulator emulator;

    @BeforeEach
    void listen() throws IOException {
        destination = open.add(Destination.at(InetAddresses.forString("127.0.0.1")));
    }

    private Path socket() {
        return folder.resolve("agent.bridge");
    }

    private void emulate(Settings settings) throws IOException {
        emulator = open.add(NetworkFrameworkEmulator.start(socket(), settings));
    }

    private BridgeHop ask(Optional<Bytes> handle, InetSocketAddress to) throws IOException {
        InetSocketAddress application = new InetSocketAddress(InetAddresses.forString("192.0.2.7"), 40_000);
        return open.add(BridgeHop.ask(socket(), new BridgeRequest.Open(Tuple.tcp(application, to), handle)));
    }

    private BridgeHop ask() throws IOException {
        return ask(Optional.empty(), destination.address());
    }

    private BridgeHop connected() throws IOException {
        BridgeHop hop = ask();
        awaitConnected(hop);
        return hop;
    }

    private static void awaitConnected(BridgeHop hop) throws IOException {
        assertThat(hop.next()).isInstanceOf(Addresses.class);
        assertThat(hop.next()).isEqualTo(CONNECTED);
    }

    private BridgeHop watch() throws IOException {
        return open.add(BridgeHop.ask(socket(), new BridgeRequest.Watch()));
    }

    private void awaitInUse(int connections) {
        await().until(() -> emulator.inUse() == connections);
    }

    @Test
    void connectionsStartedAtTheLimitWaitForEverEvenAfterOthersClose() throws IOException {
        emulate(Settings.limited(2));
        BridgeHop first = connected();
        BridgeHop second = connected();
        BridgeHop third = ask();
        assertThat(third.next()).isEqualTo(NO_MEMORY);
        assertThat(emulator.inUse()).isEqualTo(3);
        assertThat(emulator.waiting()).isEqualTo(1);

        first.close();
        second.close();
        awaitInUse(1);

        connected();
        assertThat(emulator.waiting()).isEqualTo(1);
        assertThat(third.hasNothing()).isTrue();
    }

    /** Waiting connections are in use: they take slots from others. */
    @Test
    void aWaitingConnectionUsesASlotUntilItIsCancelled() throws IOException {
        emulate(Settings.limited(1));
        BridgeHop first = connected();
        BridgeHop waiting = ask();
        assertThat(waiting.next()).isEqualTo(NO_MEMORY);
        first.close();
        awaitInUse(1);
        BridgeHop another = ask();
        assertThat(another.next()).isEqualTo(NO_MEMORY);

        assertThat(waiting.finish().next()).isEqualTo(CANCELLED);
        assertThat(waiting.restText()).isEmpty();
        another.close();
        awaitInUse(0);

        connected();
    }

    /** A hop that has seen the end of a connection may request another at once. */
    @Test
    void aSlotIsFreeBeforeTheAgentCloses() throws IOException {
        emulate(Settings.limited(1));
        for (int i = 0; i < 200; i++) {
            BridgeHop hop = connected();
            try (End server = destination.accept()) {
                assertThat(hop.finish().hasNothing()).isTrue();
                server.finish();
                assertThat(hop.restText()).isEmpty();
            }
            hop.close();
        }
    }

    @Test
    void the513thWaits() throws IOException {
        emulate(Settings.limited(NetworkFrameworkEmulator.LIMIT));
        for (int i = 0; i < NetworkFrameworkEmulator.LIMIT; i++) {
            connected();
        }
        assertThat(ask().next()).isEqualTo(NO_MEMORY);
    }

    @Test
    void aSystemWithoutTheLimitHoldsThousands() throws IOException {
        emulate(Settings.limited(NetworkFrameworkEmulator.NO_LIMIT));
        try (EchoServer echo = EchoServer.at(new InetSocketAddress(InetAddresses.forString("127.0.0.1"), 0))) {
            List<BridgeHop> hops = new ArrayList<>();
            for (int i = 0; i < 2100; i++) {
                hops.add(ask(Optional.empty(), echo.address()));
            }
            for (BridgeHop hop : hops) {
                awaitConnected(hop);
                hop.send("hello");
            }
            for (BridgeHop hop : hops) {
                assertThat(hop.receiveText(5)).isEqualTo("hello");
            }
            assertThat(watch().next()).isEqualTo(new Limits(0, 2100, 0));
        }
    }

    @Test
    void eachDirectionEndsByItself() throws IOException {
        emulate(Settings.limited(1));
        BridgeHop hop = connected();
        try (End server = destination.accept()) {
            hop.send("question").finish();
            assertThat(server.restText()).isEqualTo("question");
            assertThat(emulator.inUse()).isEqualTo(1);
            server.send("answer").finish();
            assertThat(hop.restText()).isEqualTo("answer");
        }
        awaitInUse(0);
    }

    @Test
    void aHopThatGivesAFlowUpClosesAndTheConnectionIsReset() throws IOException {
        emulate(Settings.limited(1));
        BridgeHop hop = connected();
        try (End server = destination.accept()) {
            hop.close();
            assertThat(server.isReset()).isTrue();
        }
        awaitInUse(0);
    }

    /** There is no traffic that could show it. */
    @Test
    void aHopThatHasEndedItsDirectionCanStillGiveTheFlowUp() throws IOException {
        emulate(Settings.limited(1));
        BridgeHop hop = connected();
        try (End server = destination.accept()) {
            hop.finish();
            assertThat(server.restText()).isEmpty();
            assertThat(emulator.inUse()).isEqualTo(1);
            hop.close();
            awaitInUse(0);
            assertThatThrownBy(() -> {
                        while (true) {
                            server.send("anybody there?");
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aConnectionThatWasResetClosesTheHopsSide() throws IOException {
        emulate(Settings.limited(1));
        BridgeHop hop = connected();
        destination.accept().reset();
        assertThat(hop.restText()).isEmpty();
        awaitInUse(0);
    }

    /** The hop signs these addresses, and the next hop compares them with those of its own system. */
    @Test
    void theHopGetsTheAddressesThatTheDestinationSees() throws IOException {
        emulate(Settings.limited(0));
        BridgeAnswer answer = ask().next();
        try (End server = destination.accept()) {
            assertThat(answer).isEqualTo(new Addresses(Tuple.tcp(server.remote(), server.local())));
        }
    }

    @Test
    void theNextAgentLearnsWhoseConnectionItIs() throws IOException {
        emulate(Settings.limited(0));
        emulator.handedOver(HANDLE);
        BridgeHop flows = ask(Optional.of(HANDLE), destination.address());
        assertThat(metadataOfNext()).contains(new Metadata.OfFlow(HANDLE));
        assertThat(flows.next()).isEqualTo(CARRIED);
        awaitConnected(flows);

        connected();
        assertThat(metadataOfNext()).contains(new Metadata.AgentsOwn());
        assertThat(emulator.metadata(1)).isEmpty();
    }

    @Test
    void aSystemWithoutMetadataReportsTheAgent() throws IOException {
        emulate(Settings.limited(0).withoutMetadata());
        emulator.handedOver(HANDLE);
        awaitConnected(ask(Optional.of(HANDLE), destination.address()));
        assertThat(metadataOfNext()).contains(new Metadata.AgentsOwn());
    }

    private Optional<Metadata> metadataOfNext() throws IOException {
        try (End server = destination.accept()) {
            return emulator.metadata(server.remote().getPort());
        }
    }

    @Test
    void aHandleIsKnownAsLongAsItsFlowIsOpen() throws IOException {
        emulate(Settings.limited(0));
        BridgeAnswer unknown = new BridgeAnswer.Failed("unknown-handle");
        assertThat(ask(Optional.of(HANDLE), destination.address()).next()).isEqualTo(unknown);
        emulator.handedOver(HANDLE);
        assertThat(ask(Optional.of(HANDLE), destination.address()).next()).isEqualTo(CARRIED);
        emulator.ended(HANDLE);
        assertThat(ask(Optional.of(HANDLE), destination.address()).next()).isEqualTo(unknown);
        assertThat(emulator.inUse()).isEqualTo(1);
    }

    @Test
    void limitsAreSentAtOnceAfterAChangeAndPeriodically() throws IOException {
        emulate(Settings.limited(1).withLimitsEvery(Duration.ofMillis(300)));
        BridgeHop watch = watch();
        assertThat(watch.next()).isEqualTo(new Limits(1, 0, 0));
        assertThat(watch.next()).isEqualTo(new Limits(1, 0, 0));
        BridgeHop first = connected();
        awaitLimits(watch, new Limits(1, 1, 0));
        BridgeHop second = ask();
        awaitLimits(watch, new Limits(1, 2, 1));
        second.close();
        first.close();
        awaitLimits(watch, new Limits(1, 0, 0));
    }

    private static void awaitLimits(BridgeHop watch, Limits limits) throws IOException {
        BridgeAnswer next;
        do {
            next = watch.next();
        } while (!next.equals(limits));
    }

    @Test
    void limitsAreSentTenTimesASecondAtMost() throws IOException {
        emulate(Settings.limited(0));
        BridgeHop watch = watch();
        long start = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            connected();
        }
        int messages = 1;
        while (!watch.next().equals(new Limits(0, 100, 0))) {
            messages++;
        }
        assertThat(messages).isLessThanOrEqualTo((int) ((System.nanoTime() - start) / 100_000_000) + 1);
    }

    @Test
    void anAgentThatHangsTellsNothingUntilItComesBack() throws IOException {
        emulate(Settings.limited(1));
        BridgeHop watch = watch();
        assertThat(watch.next()).isEqualTo(new Limits(1, 0, 0));
        emulator.silence(true);
        connected();
        assertThat(ask().next()).isEqualTo(NO_MEMORY);
        assertThat(watch.hasNothing()).isTrue();
        emulator.silence(false);
        assertThat(watch.next()).isEqualTo(new Limits(1, 2, 1));
    }

    @Test
    void anAgentThatIsGoneLeavesOpenFlowsAlone() throws IOException {
        emulate(Settings.limited(0));
        BridgeHop watch = watch();
        BridgeHop hop = connected();
        emulator.stopListening();
        emulator.endWatches();
        watch.restText();
        assertThat(emulator.watches()).isZero();
        assertThatThrownBy(this::ask).isInstanceOf(IOException.class);
        try (End server = destination.accept()) {
            hop.send("still here").finish();
            assertThat(server.restText()).isEqualTo("still here");
        }
        emulator.listen();
        connected();
    }

    @Test
    void aSlowStartUsesASlotAndCanBeCancelled() throws IOException {
        emulate(Settings.limited(0));
        emulator.starts(new Start.After(Duration.ofMinutes(1)));
        BridgeHop hop = ask();
        awaitInUse(1);
        assertThat(hop.hasNothing()).isTrue();
        assertThat(hop.finish().next()).isEqualTo(CANCELLED);
        assertThat(emulator.inUse()).isZero();

        emulator.starts(new Start.After(Duration.ofMillis(1)));
        connected();
    }

    @Test
    void aStartThatFailsFreesItsSlot() throws IOException {
        emulate(Settings.limited(1));
        emulator.starts(new Start.Failing("no-route"));
        assertThat(ask().next()).isEqualTo(new BridgeAnswer.Failed("no-route"));
        emulator.starts(new Start.AtOnce());
        InetSocketAddress nobody = destination.address();
        destination.close();
        assertThat(ask(Optional.empty(), nobody).next()).isEqualTo(new BridgeAnswer.Failed("connect-refused"));
        assertThat(emulator.inUse()).isZero();
    }

    /** It gets this answer whatever the request, because the request isn't read. */
    @Test
    void nobodyButItsUserIsServed() throws IOException {
        emulate(Settings.limited(0).withUser(4242));
        try (BridgeAgent end = BridgeAgent.connect(socket())) {
            assertThat(end.answer()).isEqualTo(new BridgeAnswer.Failed("hop-not-allowed"));
            assertThat(end.restText()).isEmpty();
        }
    }

    @Test
    void aRequestThatCantBeReadIsRefused() throws IOException {
        emulate(Settings.limited(0));
        BridgeAnswer malformed = new BridgeAnswer.Failed("request-malformed");
        try (BridgeAgent end = BridgeAgent.connect(socket()).send("GET / HTTP/1.1\r\n")) {
            assertThat(end.answer()).isEqualTo(malformed);
        }
        byte[] request = new BridgeRequest.Watch().encode().toByteArray();
        try (BridgeAgent cut = BridgeAgent.connect(socket())) {
            cut.send(java.util.Arrays.copyOf(request, request.length - 1)).finish();
            assertThat(cut.answer()).isEqualTo(malformed);
        }
    }

    @Test
    void noByteOfTheFlowComesBeforeConnected() throws IOException {
        emulate(Settings.limited(0));
        emulator.starts(new Start.After(Duration.ofMinutes(1)));
        BridgeHop hop = ask();
        awaitInUse(1);
        assertThat(hop.send("too early").next()).isEqualTo(new BridgeAnswer.Failed("request-malformed"));
        assertThat(emulator.inUse()).isZero();
    }
}
