package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.chain.Claimed;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tuple;
import dev.throughline.identify.UnixPeer;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.relay.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Flows that an agent hands over. */
class FlowAgentTest extends FlowScene {
    private static final int AGENTS_USER = 1234;

    /** Returns the profile of a bridge whose agent is this process. */
    private ListenerProfile fromAgent(ListenerProfile.OwnerRule rule) {
        int pid = Math.toIntExact(ProcessHandle.current().pid());
        UnixPeer self = new UnixPeer(pid, AGENTS_USER, Optional::empty);
        return new ListenerProfile(
                "agents",
                new ListenerProfile.Preamble.HandedOverHeader(),
                false,
                Optional.empty(),
                connection -> new AcceptedConnection.Unix(self),
                rule);
    }

    private static byte[] handedOver(InetSocketAddress to, int pid) {
        ProcessIdentity who = new ProcessIdentity(
                Evidence.BRIDGE,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(pid, 5)),
                Optional.empty(),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN);
        Tuple flow = Tuple.tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 4711), to);
        BridgeHeader header =
                new BridgeHeader(flow, InterceptionMethod.PF, new Claimed<>(who), Optional.empty(), Optional.empty());
        return HeaderWriter.proxy(flow, header.tlvs()).toByteArray();
    }

    private static void assertAnswer(Socket agent, BridgeAnswer answer) throws IOException {
        assertThat(agent.getInputStream().readNBytes(answer.encode().length()))
                .isEqualTo(answer.encode().toByteArray());
    }

    private static void assertFailed(Socket agent, String reason) throws IOException {
        assertAnswer(agent, new BridgeAnswer.Failed(reason));
        assertThat(agent.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void anAgentIsAnsweredBeforeAnyByteAndItsWordIsTheOriginator() throws Exception {
        entrance = fromAgent(ListenerProfile.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        agent.getOutputStream().write(handedOver(destinationAddress(), 4242));
        Socket there = destination.accept();
        there.getOutputStream().write('!');
        assertAnswer(agent, new BridgeAnswer.Connected());
        assertThat(agent.getInputStream().read()).isEqualTo('!');
        agent.shutdownOutput();
        there.close();

        Events.Closed end = closed();
        assertThat(end.ending().reason()).isEqualTo(CloseReason.COMPLETED);
        Originator who = end.flow().originator().orElseThrow();
        assertThat(who.identity().evidence()).isEqualTo(Evidence.BRIDGE);
        assertThat(who.identity().process()).contains(new ProcessId(4242, 5));
        assertThat(who.wayIn()).isEqualTo(InterceptionMethod.PF);
        assertThat(who.host()).isEqualTo(HostId.of("edge-1"));
        assertThat(end.flow().connection().orElseThrow().method()).isEqualTo(InterceptionMethod.UNIX_BRIDGE);
        assertThat(end.flow().owner().orElseThrow().uid()).hasValue(AGENTS_USER);
    }

    @Test
    void anAgentThatIsNotAllowedIsRejectedBeforeItsRequestIsRead() throws Exception {
        entrance = fromAgent(owner -> Optional.of(new FlowRejectedException(CloseReason.AGENT_NOT_ALLOWED, "user 1")));
        Socket agent = wire.connect();

        assertFailed(agent, "agent-not-allowed");
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.AGENT_NOT_ALLOWED, "user 1"));
    }

    /** An agent that intercepts the hop's own connections would create a loop. */
    @Test
    void aFlowOfThisVeryHopIsALoop() throws Exception {
        entrance = fromAgent(ListenerProfile.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        agent.getOutputStream()
                .write(handedOver(
                        destinationAddress(),
                        Math.toIntExact(ProcessHandle.current().pid())));

        assertFailed(agent, "loop");
        assertThat(ending().reason()).isEqualTo(CloseReason.LOOP);
    }

    @Test
    void aLocalHeaderFromAnAgentIsMalformed() throws Exception {
        entrance = fromAgent(ListenerProfile.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        agent.getOutputStream().write(LOCAL);

        assertFailed(agent, "header-malformed");
        assertThat(ending())
                .isEqualTo(new CloseResult(CloseReason.HEADER_MALFORMED, "byte 12: command LOCAL, which has no flow"));
        assertThat(services.headerFailures().count()).isEqualTo(1);
    }

    @Test
    void anAgentsUnfinishedHeaderMeetsTheDeadlineAndItsUsersBudget() throws Exception {
        change(p -> p.headerTimeout = Duration.ofMillis(300));
        entrance = fromAgent(ListenerProfile.OwnerRule.ANYONE);
        Socket slow = wire.connect();
        slow.getOutputStream().write(LOCAL, 0, 5);
        Wire.await("to wait for its header", () -> services.halfOpenHeaders().size() == 1);
        Socket second = wire.connect();

        assertFailed(second, "header-budget");
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.HEADER_BUDGET, "peer user " + AGENTS_USER));
        assertFailed(slow, "header-timeout");
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_TIMEOUT);
    }

    @Test
    void anAgentIsNotifiedThatTheDestinationRefuses() throws Exception {
        InetSocketAddress nobody = destinationAddress();
        destination.close();
        entrance = fromAgent(ListenerProfile.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        agent.getOutputStream().write(handedOver(nobody, 4242));

        assertFailed(agent, "connect-refused");
        assertThat(ending().reason()).isEqualTo(CloseReason.CONNECT_REFUSED);
    }

    @Test
    void anAgentThatWaitsIsNotifiedThatTheHopStops() throws Exception {
        entrance = fromAgent(ListenerProfile.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        Wire.await("to wait for its header", () -> services.halfOpenHeaders().size() == 1);
        services.table().stopAll(CloseReason.STOPPED);

        assertFailed(agent, "stopped");
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
    }
}
