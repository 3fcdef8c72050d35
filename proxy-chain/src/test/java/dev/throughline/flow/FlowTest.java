package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.LogLines;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.budget.Caps;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import dev.throughline.chain.ChainRead;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.Claimed;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verification;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Bytes;
import dev.throughline.header.Cidr;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.UnixPeer;
import dev.throughline.key.SecretKey;
import dev.throughline.key.Trust;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.Person;
import dev.throughline.originator.Placement;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Way;
import dev.throughline.policy.Condition;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import dev.throughline.policy.PolicyRule;
import dev.throughline.relay.Inbox;
import dev.throughline.relay.Wire;
import dev.throughline.transport.BsdSocket;
import dev.throughline.transport.ScriptedTransport;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A flow between two sockets of this test, with fakes for how it arrived; it ends once, with one reason. */
@Timeout(60)
class FlowTest {
    private static final byte[] LOCAL = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a20000000");
    private static final byte[] UNSIGNED =
            HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2111000c" + "7f0000017f00000110921f90");

    private static final int FAILURES = 3;

    private final Events events = new Events();
    private final SecretKey ownKey = key("hop-b");
    private final SecretKey previousKey = key("hop-a");
    private final Trust trust = trust("hop-a", previousKey, " origin=edge-1\n");

    private static final int AGENTS_USER = 1234;

    private ProcessIdentifier identifier;
    private ServerSocket destination;
    private volatile Authority authority;
    private final CountedBudget counted = new CountedBudget();
    private FlowBudget budget;
    private PartsDraft draft;
    private FlowParts parts;
    private Entrance entrance;
    private Wire wire;

    /** What the log and the metrics would be told. */
    private static final class Events implements FlowEvents {
        private final BlockingQueue<FlowView> opened = new LinkedBlockingQueue<>();
        private final BlockingQueue<Verification> verified = new LinkedBlockingQueue<>();
        private final BlockingQueue<Decision> decided = new LinkedBlockingQueue<>();
        private final BlockingQueue<Closed> closed = new LinkedBlockingQueue<>();

        private record Closed(FlowView flow, Ending ending) {}

        @Override
        public void opened(FlowView flow) {
            opened.add(flow);
        }

        @Override
        public void verified(Verification verification) {
            verified.add(verification);
        }

        @Override
        public void decided(Decision decision) {
            decided.add(decision);
        }

        @Override
        public void closed(FlowView flow, Ending ending) {
            closed.add(new Closed(flow, ending));
        }
    }

    /** Begins a flow on every connection, as a listener does. */
    private final class Beginning extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            Inbox inbox = new Inbox();
            context.pipeline().replace(this, null, inbox);
            new Flow(parts, entrance, (SocketChannel) context.channel(), inbox).run();
        }
    }

    @BeforeEach
    void prepare() throws Exception {
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL);
        destination = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        authority = authority(trust);
        budget = budget(100, PoolRule.DEFAULT);
        draft = new PartsDraft(identifier, () -> authority, budget, events);
        draft.headerFailures = new HeaderFailures(FAILURES, Duration.ofMinutes(1), 10, System::nanoTime);
        parts = draft.parts();
        entrance = fromApplications();
        wire = new Wire(() -> (ChannelHandler) new Beginning());
    }

    private FlowBudget budget(int flows, PoolRule rule) {
        return new FlowBudget(flows, rule, 10, HostId::toString, counted).pool(BsdSocket.NAME, 100);
    }

    private static HalfOpenHeaders halfOpenHeaders(int limit, int total) {
        return new HalfOpenHeaders(limit, total, 10, System::nanoTime);
    }

    /** The keys of hop-b, with those that it believes. */
    private Authority authority(Trust believed) {
        return authority(believed, Instant.now().minusSeconds(60), new ReplayWindow(100));
    }

    private Authority authority(Trust believed, Instant startedAt, ReplayWindow replays) {
        VerifierSettings settings =
                new VerifierSettings(HopId.of("hop-b"), startedAt, Duration.ofSeconds(2), 4, ImmutableList.of());
        return Authority.of(
                new Verifier(settings, believed, ChainTlv.STANDARD, replays), new Signer(ownKey, new SecureRandom()));
    }

    @AfterEach
    void everyConnectionEndedOnce() throws Exception {
        wire.close();
        destination.close();
        identifier.close();
        assertThat(events.closed).isEmpty();
        assertThat(parts.table().size()).isZero();
        assertThat(parts.halfOpenHeaders().size()).isZero();
        // A place is free when its socket is.
        Wire.await(
                "to have all places back", () -> parts.budget().pools().stream().allMatch(pool -> pool.inUse() == 0));
        assertThat(parts.budget().waiting()).isZero();
        parts.budget().close();
        budget.close();
    }

    /** Applications on this host, whose flows want to go to {@link #destination}. */
    private Entrance fromApplications() {
        return entrance(new Entrance.Beginning.Payload(), false, true, Entrance.OwnerRule.ANYONE);
    }

    private Entrance fromPreviousHop() {
        return entrance(new Entrance.Beginning.SignedHeader(), false, false, Entrance.OwnerRule.ANYONE);
    }

    private Entrance entrance(Entrance.Beginning begins, boolean intercepting, boolean local, Entrance.OwnerRule rule) {
        return new Entrance(
                "front",
                begins,
                intercepting,
                java.util.Optional.empty(),
                connection -> {
                    Tuple socket = Tuple.tcp((InetSocketAddress) connection.remoteAddress(), (InetSocketAddress)
                            connection.localAddress());
                    Tuple asked = Tuple.tcp(socket.source(), destinationAddress());
                    return new Arrival.Tcp(Way.SOCKET, socket, asked, local);
                },
                rule);
    }

    private InetSocketAddress destinationAddress() {
        return (InetSocketAddress) destination.getLocalSocketAddress();
    }

    private static SecretKey key(String hop) {
        try {
            return SecretKey.generate(hop, new SecureRandom());
        } catch (dev.throughline.key.KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    private static Trust trust(String name, SecretKey key, String rights) {
        try {
            return Trust.parse(name, key.publicKey().toText() + rights);
        } catch (dev.throughline.key.KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    private Events.Closed closed() throws InterruptedException {
        Events.Closed end = events.closed.poll(20, TimeUnit.SECONDS);
        assertThat(end).as("a flow that ended").isNotNull();
        Wire.await("to leave the table", () -> parts.table().size() == 0);
        return end;
    }

    private Ending ending() throws InterruptedException {
        return closed().ending();
    }

    private static void assertReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().readAllBytes())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("reset");
    }

    /** hop-a's header for the connection {@code socket}, for a flow to {@code wanted}. */
    private Bytes header(Socket socket, InetSocketAddress wanted) {
        Tuple connection = Tuple.tcp((InetSocketAddress) socket.getLocalSocketAddress(), (InetSocketAddress)
                socket.getRemoteSocketAddress());
        InetSocketAddress source = new InetSocketAddress("127.0.0.1", 40000);
        Instant now = Instant.ofEpochMilli(System.currentTimeMillis());
        Originator who = new Originator(
                HostId.of("edge-1"),
                new FlowId(1, 2),
                now,
                Tuple.tcp(source, wanted),
                Way.TPROXY,
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
        LinkDraft draft = new LinkDraft(
                HopId.of("hop-b"),
                now,
                Duration.ofSeconds(10),
                Way.TPROXY,
                Way.SOCKET,
                Optional.of(source),
                connection);
        Signer signer = new Signer(previousKey, new SecureRandom());
        return ChainTlv.STANDARD
                .header(signer.sign(signer.originate(who, draft)))
                .orElseThrow();
    }

    private static Header read(Socket next) throws IOException {
        byte[] header = new byte[HeaderLimits.NORMAL.maxBytes()];
        for (int length = 0; ; ) {
            length += next.getInputStream().read(header, length, 1);
            if (new HeaderReader(HeaderLimits.NORMAL).read(header, length) instanceof ReadResult.Complete complete) {
                return complete.header();
            }
        }
    }

    @Test
    void anApplicationsFlowGoesToItsDestinationAndEndsCompleted() throws Exception {
        Socket app = wire.connect();
        Socket there = destination.accept();
        app.getOutputStream().write("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        app.shutdownOutput();
        assertThat(there.getInputStream().readAllBytes()).hasSize(5);
        there.getOutputStream().write('!');
        there.close();
        assertThat(app.getInputStream().readAllBytes()).hasSize(1);

        Events.Closed end = closed();

        assertThat(end.ending()).isEqualTo(new Ending(CloseReason.COMPLETED, ""));
        assertThat(end.flow().number()).isEqualTo(1);
        assertThat(end.flow().bytesOut()).isEqualTo(5);
        assertThat(end.flow().bytesIn()).isEqualTo(1);
        assertThat(end.flow().kernel()).isPresent();
        assertThat(end.flow()
                        .originator()
                        .orElseThrow()
                        .identity()
                        .process()
                        .orElseThrow()
                        .pid())
                .isEqualTo((int) ProcessHandle.current().pid());
        assertThat(events.opened).hasSize(1);
        assertThat(events.verified).isEmpty();
    }

    @Test
    void theNextHopGetsOneTrueHeaderBeforeTheFirstByte() throws Exception {
        change(p -> p.next(new NextHop.At("hop-c", destinationAddress(), HeaderProfile.NORMAL)));
        Socket app = wire.connect();
        Socket next = destination.accept();

        Header header = read(next);

        Tuple connection = Tuple.tcp(
                (InetSocketAddress) next.getRemoteSocketAddress(), (InetSocketAddress) next.getLocalSocketAddress());
        VerifierSettings settings = new VerifierSettings(
                HopId.of("hop-c"), Instant.now().minusSeconds(60), Duration.ofSeconds(2), 4, ImmutableList.of());
        Verification atNext = new Verifier(
                        settings, trust("hop-b", ownKey, " origin=edge-1"), ChainTlv.STANDARD, new ReplayWindow(10))
                .verify(header, connection, Instant.now());
        assertThat(atNext).isInstanceOf(Verification.Verified.class);
        app.close();
        next.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    /** The reset may come before, while or after the header is written: the flow ends all the same. */
    @Test
    void aNextHopThatAcceptsAndResetsLeavesNoFlowBehind() throws Exception {
        change(p -> p.next(new NextHop.At("hop-c", destinationAddress(), HeaderProfile.NORMAL)));
        for (int i = 0; i < 300; i++) {
            wire.connect();
            Socket next = destination.accept();
            next.setSoLinger(true, 0);
            next.close();
            assertThat(closed().ending().reason()).isNotEqualTo(CloseReason.INTERNAL_ERROR);
        }
    }

    @Test
    void aTrueHeaderLeadsToTheDestinationThatItNames() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        previous.getOutputStream().write('x');
        previous.shutdownOutput();
        Socket there = destination.accept();

        assertThat(there.getInputStream().readAllBytes()).containsExactly('x');

        there.close();
        Events.Closed end = closed();
        assertThat(end.ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(end.flow().verification()).get().isInstanceOf(Verification.Verified.class);
        assertThat(end.flow().bytesOut()).as("payload").isEqualTo(1);
        assertThat(events.verified).hasSize(1);
    }

    @Test
    void anUnsignedHeaderIsRejected() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(UNSIGNED);

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        assertThat(events.verified.poll())
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        no -> assertThat(no.reason()).isEqualTo(RejectReason.UNSIGNED));
        assertThat(events.opened).isEmpty();
    }

    @Test
    void aHeaderThatNamesAnotherDestinationThanTheKernelIsRefused() throws Exception {
        entrance = entrance(new Entrance.Beginning.SignedHeader(), true, false, Entrance.OwnerRule.ANYONE);
        Socket previous = wire.connect();
        previous.getOutputStream()
                .write(header(previous, new InetSocketAddress("127.0.0.1", 9)).toByteArray());

        assertReset(previous);
        Ending ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.DESTINATION_MISMATCH);
        assertThat(ending.detail()).contains("the kernel says " + Tuple.text(destinationAddress()));
    }

    @Test
    void payloadInsteadOfAHeaderIsMalformed() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(new byte[] {'G', 'E', 'T'});

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_MALFORMED);
    }

    @Test
    void anEndBeforeTheHeaderIsIncomplete() throws Exception {
        entrance = fromPreviousHop();
        wire.connect().shutdownOutput();

        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    @Test
    void aHeaderThatDoesntComeTimesOut() throws Exception {
        change(p -> p.headerTimeout = Duration.ofMillis(200));
        entrance = fromPreviousHop();
        Socket previous = wire.connect();

        assertReset(previous);
        assertThat(ending()).isEqualTo(new Ending(CloseReason.HEADER_TIMEOUT, "0 bytes in 200 ms"));
    }

    @Test
    void aPeerThatWaitsWithTooManyHeadersIsRefusedOneMore() throws Exception {
        entrance = fromPreviousHop();
        Socket first = wire.connect();
        Wire.await("for its place", () -> parts.halfOpenHeaders().size() == 1);
        Socket second = wire.connect();

        assertReset(second);
        Events.Closed end = events.closed.poll(20, TimeUnit.SECONDS);
        assertThat(end.ending()).isEqualTo(new Ending(CloseReason.HEADER_BUDGET, "peer 127.0.0.1"));
        first.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    /** The one that waits longest, since both are of one peer. */
    @Test
    void whoLosesItsPlaceToAnotherEndsForTheBudget() throws Exception {
        change(p -> p.halfOpenHeaders = halfOpenHeaders(10, 1));
        entrance = fromPreviousHop();
        Socket first = wire.connect();
        Wire.await("for its place", () -> parts.halfOpenHeaders().size() == 1);
        Socket second = wire.connect();

        assertReset(first);
        Events.Closed end = events.closed.poll(20, TimeUnit.SECONDS);
        assertThat(end.ending().reason()).isEqualTo(CloseReason.HEADER_BUDGET);
        second.getOutputStream().write(header(second, destinationAddress()).toByteArray());
        second.getOutputStream().write('x');
        second.shutdownOutput();
        Socket there = destination.accept();
        assertThat(there.getInputStream().readAllBytes()).containsExactly('x');
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(parts.headerFailures().count())
                .as("to lose a place is no failure")
                .isZero();
    }

    /** Of two places, each stranger wants one. */
    private void twoStrangersComeAndGo() throws Exception {
        List<HalfOpenHeaders.Lease> strangers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Peer stranger = new Peer(InetAddress.getByName("192.0.2." + i), OptionalInt.empty());
            strangers.add(parts.halfOpenHeaders().take(stranger).orElseThrow());
        }
        strangers.forEach(HalfOpenHeaders.Lease::close);
    }

    @Test
    void whoseHeaderWasVerifiedKeepsItsPlace() throws Exception {
        change(p -> p.halfOpenHeaders = halfOpenHeaders(10, 2));
        entrance = fromPreviousHop();
        Socket before = wire.connect();
        before.getOutputStream().write(header(before, destinationAddress()).toByteArray());
        destination.accept().close();
        before.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        Socket previous = wire.connect();
        Wire.await("for its place", () -> parts.halfOpenHeaders().size() == 1);

        twoStrangersComeAndGo();

        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        destination.accept().close();
        previous.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void whoseHeaderWasRejectedDoesNot() throws Exception {
        change(p -> p.halfOpenHeaders = halfOpenHeaders(10, 2));
        entrance = fromPreviousHop();
        Socket before = wire.connect();
        before.getOutputStream().write(UNSIGNED);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        Socket previous = wire.connect();
        Wire.await("for its place", () -> parts.halfOpenHeaders().size() == 1);

        twoStrangersComeAndGo();

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_BUDGET);
    }

    @Test
    void aPeerWhoseHeadersFailIsRefusedUnheard() throws Exception {
        entrance = fromPreviousHop();
        for (int i = 0; i < FAILURES; i++) {
            Socket bad = wire.connect();
            bad.getOutputStream().write(UNSIGNED);
            assertReset(bad);
            assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        }
        events.verified.clear();
        Socket next = wire.connect();

        // It has sent nothing yet.
        assertReset(next);
        Ending ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.HEADER_FAILURES);
        assertThat(ending.detail()).startsWith("peer 127.0.0.1: 3 headers failed in 60000 ms, the next is read in ");
        assertThat(events.verified).isEmpty();
    }

    @Test
    void aHeaderThatIsTrueIsNoFailureWhateverBecomesOfItsFlow() throws Exception {
        entrance = entrance(new Entrance.Beginning.SignedHeader(), true, false, Entrance.OwnerRule.ANYONE);
        Socket previous = wire.connect();
        previous.getOutputStream()
                .write(header(previous, new InetSocketAddress("127.0.0.1", 9)).toByteArray());

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.DESTINATION_MISMATCH);
        assertThat(parts.headerFailures().count()).isZero();
    }

    @Test
    void aHopThatCanRememberNothingMoreDoesNotBlameItsPeers() throws Exception {
        authority = authority(trust, Instant.now().minusSeconds(60), new ReplayWindow(0));

        aTrueHeaderIsRejectedWithoutBlame("replay-store-full");
    }

    /** A previous hop whose clock is slow would be refused unheard for a time, after each restart of this one. */
    @Test
    void aHopThatHasJustStartedDoesNotBlameAPeerWhoseClockIsSlow() throws Exception {
        authority = authority(trust, Instant.now().plusSeconds(60), new ReplayWindow(100));

        aTrueHeaderIsRejectedWithoutBlame("issued-before-start");
    }

    private void aTrueHeaderIsRejectedWithoutBlame(String reason) throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        Ending ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        assertThat(ending.detail()).startsWith(reason);
        assertThat(events.verified).as("counted").hasSize(1);
        assertThat(parts.headerFailures().count()).isZero();
    }

    /** A stranger that gets to the listener of the previous hop must not use up what that hop may. */
    @Test
    void whoIsNotThePreviousHopTakesNothingOfItsBudgets() throws Exception {
        entrance = entrance(
                new Entrance.Beginning.SignedHeader(),
                true,
                true,
                owner -> Optional.of(new Refused(CloseReason.OWNER_MISMATCH, "process 1, expected 2")));
        for (int i = 0; i < 2 * FAILURES; i++) {
            Socket stranger = wire.connect();
            assertReset(stranger);
            assertThat(ending().reason()).isEqualTo(CloseReason.OWNER_MISMATCH);
        }

        assertThat(parts.headerFailures().count()).isZero();
        assertThat(parts.halfOpenHeaders().size()).isZero();
    }

    @Test
    void whatAnotherUserOfTheSameHostFailedIsNotThePreviousHops() throws Exception {
        entrance = entrance(new Entrance.Beginning.SignedHeader(), false, true, Entrance.OwnerRule.ANYONE);
        int uid = (int) java.nio.file.Files.getAttribute(java.nio.file.Path.of("/proc/self"), "unix:uid");
        failAll(new Peer(InetAddress.getLoopbackAddress(), OptionalInt.of(uid + 1)));
        failAll(new Peer(InetAddress.getLoopbackAddress(), OptionalInt.empty()));
        Socket heard = wire.connect();
        heard.getOutputStream().write(UNSIGNED);
        assertReset(heard);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);

        failAll(new Peer(InetAddress.getLoopbackAddress(), OptionalInt.of(uid)));
        Socket unheard = wire.connect();
        assertReset(unheard);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_FAILURES);
    }

    private void failAll(Peer peer) {
        for (int i = 0; i < FAILURES; i++) {
            parts.headerFailures().ended(peer, CloseReason.HEADER_REJECTED);
        }
    }

    @Test
    void whoIsNoneOfTheBelievedProxiesIsRefusedUnheard() throws Exception {
        entrance = entrance(
                new Entrance.Beginning.BelievedHeader(ImmutableList.of(Cidr.parse("127.0.0.2"), Cidr.parse("::/0"))),
                false,
                false,
                Entrance.OwnerRule.ANYONE);
        Socket stranger = wire.connect();

        assertReset(stranger);
        Events.Closed end = closed();
        assertThat(end.ending()).isEqualTo(new Ending(CloseReason.PEER_NOT_ALLOWED, "peer 127.0.0.1"));
        assertThat(end.flow().arrival()).as("for the log").isPresent();
    }

    /** Exactly one header: the next bytes are the flow's, though they look like one. */
    @Test
    void aSecondHeaderIsPayload() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        previous.getOutputStream().write(UNSIGNED);
        previous.getOutputStream().write(LOCAL);
        previous.shutdownOutput();
        Socket there = destination.accept();

        assertThat(there.getInputStream().readAllBytes())
                .isEqualTo(com.google.common.primitives.Bytes.concat(UNSIGNED, LOCAL));

        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aHealthCheckIsAnsweredByACloseThatIsNoReset() throws Exception {
        change(p -> p.healthCheckers = List.of(Cidr.parse("127.0.0.0/8")));
        entrance = fromPreviousHop();
        Socket checker = wire.connect();
        checker.getOutputStream().write(LOCAL);

        assertThat(checker.getInputStream().readAllBytes()).isEmpty();
        assertThat(ending().reason()).isEqualTo(CloseReason.HEALTH_CHECK);
        assertThat(events.verified).isEmpty();
    }

    @Test
    void aHealthCheckOfAStrangerIsRejected() throws Exception {
        entrance = fromPreviousHop();
        Socket checker = wire.connect();
        checker.getOutputStream().write(LOCAL);

        assertReset(checker);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
    }

    /** Keys are asked for when a header is verified, not when its connection was accepted. */
    @Test
    void aKeyThatIsRevokedWhileItsHeaderComesInIsRefused() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        byte[] header = header(previous, destinationAddress()).toByteArray();
        previous.getOutputStream().write(header, 0, header.length - 1);
        Wire.await("to wait for the rest", () -> parts.halfOpenHeaders().size() == 1);

        authority = authority(trust("hop-a", previousKey, " origin=edge-1 revoked # lost\n"));
        previous.getOutputStream().write(header, header.length - 1, 1);

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        assertThat(events.verified.take())
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.KEY_REVOKED));
    }

    @Test
    void aFlowThatStandsOutlivesTheKeyThatBeganIt() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        Socket there = destination.accept();

        authority = authority(trust("hop-a", previousKey, " origin=edge-1 revoked # lost\n"));
        previous.getOutputStream().write('?');
        previous.shutdownOutput();

        assertThat(there.getInputStream().readAllBytes()).hasSize(1);
        there.close();
        assertThat(previous.getInputStream().readAllBytes()).isEmpty();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    /** The loopback of the originator's host is not this host's. */
    @Test
    void aFlowOfAnotherHostDoesNotReachServicesOfThisOne() throws Exception {
        change(p -> p.host = HostId.of("egress-1"));
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.DESTINATION_NOT_HERE);
    }

    /** A trusted hop is still not the one whose connections this listener takes. */
    @Test
    void aHeaderOfAnotherHopThanThePreviousOneIsRefused() throws Exception {
        Entrance any = fromPreviousHop();
        entrance = new Entrance(
                any.listener(), any.begins(), false, Optional.of(HopId.of("hop-z")), any.arrivals(), any.ownerRule());
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.OWNER_MISMATCH);
    }

    @Test
    void whatTheKernelCantSayIsNeverGuessed() throws Exception {
        entrance = new Entrance(
                "front",
                new Entrance.Beginning.Payload(),
                true,
                java.util.Optional.empty(),
                connection -> {
                    throw new Refused(CloseReason.NO_ORIGINAL_DESTINATION, "no entry");
                },
                Entrance.OwnerRule.ANYONE);
        Socket app = wire.connect();

        assertReset(app);
        assertThat(ending()).isEqualTo(new Ending(CloseReason.NO_ORIGINAL_DESTINATION, "no entry"));
    }

    @Test
    void aWrongOwnerIsRefused() throws Exception {
        entrance = entrance(
                new Entrance.Beginning.Payload(),
                false,
                true,
                owner -> Optional.of(new Refused(CloseReason.OWNER_MISMATCH, "process 1, expected 2")));
        Socket app = wire.connect();

        assertReset(app);
        Events.Closed end = closed();
        assertThat(end.ending().reason()).isEqualTo(CloseReason.OWNER_MISMATCH);
        assertThat(end.flow().kernel()).isPresent();
    }

    @Test
    void oneFlowTooManyIsRefusedAndTheOthersGoOn() throws Exception {
        change(p -> p.table = new FlowTable(1));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();

        assertReset(second);
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new Ending(CloseReason.TOO_MANY_FLOWS, "1 flows are open"));
        assertThat(parts.table().list()).extracting(FlowView::number).containsExactly(1L);
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    /** Places for {@code flows}, none reserved; whoever is idle for {@code floor} may be closed. */
    private void places(int flows, Duration floor, Duration wait) {
        withBudget(budget(flows, new PoolRule(0, 50, 0, floor)), new LimitClass("default", Caps.OPEN, true, wait));
    }

    private void withBudget(FlowBudget budget, LimitClass all) {
        change(p -> {
            p.budget = budget;
            p.directions(new Directions(
                    Policy.NONE,
                    new Route(new NextHop.Destination(), PartsDraft.PLAIN),
                    ImmutableMap.of(),
                    ImmutableMap.of(all.name(), all)));
        });
    }

    /** Its place is in use for as long as the system holds it, though the flow has long gone another way. */
    @Test
    void aStartThatIsGivenUpKeepsItsPlaceUntilTheSystemLetsGo() throws Exception {
        ScriptedTransport few = new ScriptedTransport("few");
        few.hang();
        FlowBudget places = budget(100, PoolRule.DEFAULT).pool("few", 5);
        change(p -> {
            p.budget = places;
            p.transports = List.of(few, new BsdSocket(0, Duration.ofSeconds(5)));
            p.directions(
                    Directions.allTo(new Route(new NextHop.Destination(), ImmutableList.of("few", BsdSocket.NAME))));
        });
        Socket app = wire.connect();
        Socket there = destination.accept();
        assertThat(events.opened.poll(20, TimeUnit.SECONDS).transport()).contains(BsdSocket.NAME);
        assertThat(counted.events).containsExactly("fell over from few: start-timeout");
        assertThat(places.inUse("few")).isEqualTo(1);

        app.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        Wire.await("to have the other places back", () -> places.inUse(BsdSocket.NAME) == 0);
        assertThat(places.inUse("few")).isEqualTo(1);
        assertThat(places.inUse(FlowBudget.HOP)).isEqualTo(1);

        few.letGo();
        Wire.await("to have it back", () -> places.inUse("few") == 0);
    }

    /** A flow that is told to stop while its connection is being started gives that up. */
    @Test
    void whoStopsWhileItStartsGivesTheStartUp() throws Exception {
        ScriptedTransport slow = new ScriptedTransport("slow");
        change(p -> {
            p.budget = budget(100, PoolRule.DEFAULT).pool("slow", 5);
            p.transports = List.of(slow);
            p.directions(Directions.allTo(new Route(new NextHop.Destination(), ImmutableList.of("slow"))));
        });
        Socket app = wire.connect();
        Wire.await("to start", () -> slow.starts() == 1);

        parts.table().stopAll(CloseReason.STOPPED);

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
        slow.letGo();
    }

    @Test
    void withoutAPlaceItIsRefusedAtOnce() throws Exception {
        places(1, Duration.ofHours(1), Duration.ZERO);
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();

        assertReset(second);
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new Ending(CloseReason.NO_PLACE, "hop is full"));
        assertThat(counted.events).containsExactly("refused by hop: full");
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void itWaitsForAPlaceAndGoesOn() throws Exception {
        places(1, Duration.ofHours(1), Duration.ofSeconds(20));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        while (parts.budget().waiting() == 0) {
            Thread.onSpinWait();
        }
        assertThat(parts.table().list()).extracting(FlowView::stage).contains(FlowView.Stage.WAITING);

        first.close();
        there.close();

        Socket thereToo = destination.accept();
        second.close();
        thereToo.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(counted.events).containsExactly("waited for hop: full");
    }

    @Test
    void itWaitsNoLongerThanItMay() throws Exception {
        places(1, Duration.ofHours(1), Duration.ofMillis(100));
        Socket first = wire.connect();
        Socket there = destination.accept();

        assertReset(wire.connect());
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new Ending(CloseReason.NO_PLACE, "hop is full, and no place came free while it waited"));
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void whoIsToldToStopWhileItWaitsDoes() throws Exception {
        places(1, Duration.ofHours(1), Duration.ofHours(1));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        while (parts.budget().waiting() == 0) {
            Thread.onSpinWait();
        }

        parts.table().stopAll(CloseReason.STOPPED);

        assertReset(second);
        assertReset(first);
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
    }

    @Test
    void anIdleFlowMakesRoom() throws Exception {
        places(2, Duration.ofNanos(1), Duration.ZERO);
        Socket first = wire.connect();
        Socket there = destination.accept();
        assertThat(events.opened.poll(20, TimeUnit.SECONDS)).isNotNull();
        Socket second = wire.connect();
        Socket thereToo = destination.accept();

        assertReset(first);
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending()).isEqualTo(new Ending(CloseReason.EVICTED, ""));
        assertThat(counted.events).contains("evicted from bsd-socket");
        there.close();
        second.close();
        thereToo.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aClassHasItsLimit() throws Exception {
        LimitClass one =
                new LimitClass("default", new Caps(1, Caps.NONE, Caps.NONE, Caps.NONE, Caps.NONE), true, Duration.ZERO);
        withBudget(budget(9, PoolRule.DEFAULT), one);
        Socket first = wire.connect();
        Socket there = destination.accept();

        assertReset(wire.connect());
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new Ending(CloseReason.CLASS_LIMIT, "the cap of 1 flows of a process"));
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    private static final PolicyRule REST =
            new PolicyRule("rest", ImmutableList.of(), ImmutableList.of(), Outcome.Allow.PLAIN);

    private static Policy policy(Outcome then, Condition when) {
        return new Policy(
                ImmutableList.of(new PolicyRule("first", ImmutableList.of(when), ImmutableList.of(), then), REST));
    }

    private static Condition hosts(String... names) {
        return new Condition.Host(ImmutableList.copyOf(names));
    }

    private Directions directions(Policy policy) {
        NextHop vault = new NextHop.At(
                "hop-v",
                new InetSocketAddress(InetAddress.getLoopbackAddress(), destination.getLocalPort()),
                HeaderProfile.NORMAL);
        return new Directions(
                policy,
                new Route(new NextHop.Destination(), PartsDraft.PLAIN),
                ImmutableMap.of("vault", new Route(vault, PartsDraft.PLAIN)),
                ImmutableMap.of());
    }

    @Test
    void whatThePolicyDeniesReachesNobody() throws Exception {
        change(p -> p.directions(directions(policy(new Outcome.Deny(), hosts("edge-1")))));
        Socket app = wire.connect();

        assertReset(app);
        Events.Closed end = closed();
        assertThat(end.ending()).isEqualTo(new Ending(CloseReason.POLICY_DENIED, "rule first"));
        assertThat(end.flow().decision()).contains(new Decision(Optional.of("first"), new Outcome.Deny()));
        assertThat(end.flow().next()).isEmpty();
        assertThat(events.decided.take().rule()).contains("first");
        assertNobodyConnected();
    }

    /** Nothing is there to be read: a flow that had connected would be in the queue. */
    private void assertNobodyConnected() throws IOException {
        destination.setSoTimeout(1);
        assertThatThrownBy(destination::accept).isInstanceOf(SocketTimeoutException.class);
    }

    /** By the originator that the header names, not by who sent it. */
    @Test
    void thePolicyIsAskedAboutTheVerifiedOriginator() throws Exception {
        change(p -> p.directions(directions(policy(new Outcome.Deny(), hosts("edge-1")))));
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        assertThat(ending()).isEqualTo(new Ending(CloseReason.POLICY_DENIED, "rule first"));
        assertThat(events.verified.take()).isInstanceOf(Verification.Verified.class);
    }

    @Test
    void aRuleSendsAFlowToAnotherHopWithAHeaderForIt() throws Exception {
        Outcome toVault = new Outcome.Allow(Optional.of("vault"), Optional.of("bulk"));
        change(p -> p.directions(directions(policy(toVault, hosts("edge-1")))));
        Socket app = wire.connect();

        Socket vault = destination.accept();
        Header header = read(vault);
        vault.close();
        app.close();
        assertThat(ChainTlv.STANDARD.read(header))
                .isInstanceOfSatisfying(
                        ChainRead.Found.class,
                        found -> assertThat(
                                        found.chain().links().getLast().link().audience())
                                .isEqualTo(HopId.of("hop-v")));
        FlowView flow = closed().flow();
        assertThat(flow.next().map(NextHop::name)).contains("hop-v");
        assertThat(flow.decision()).contains(new Decision(Optional.of("first"), toVault));
    }

    @Test
    void whatNoRuleNamesGoesItsUsualWay() throws Exception {
        change(p -> p.directions(directions(policy(new Outcome.Deny(), hosts("edge-2")))));
        Socket app = wire.connect();

        Socket there = destination.accept();
        app.close();
        there.close();
        FlowView flow = closed().flow();
        assertThat(flow.decision()).contains(new Decision(Optional.of("rest"), Outcome.Allow.PLAIN));
        assertThat(flow.next()).contains(new NextHop.Destination());
    }

    /** A policy that can't be asked allows nothing. */
    @Test
    void aPolicyThatFailsDenies() throws Exception {
        change(p -> p.directions = () -> {
            throw new IllegalStateException("no policy, made by this test");
        });
        Socket app = wire.connect();

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
        assertNobodyConnected();
    }

    /** A rule that nobody can evaluate, which the reader of a configuration wouldn't let through. */
    @Test
    void aPolicyThatThrowsIsCountedAndLoggedOnce() throws Exception {
        HopMetrics metrics = new HopMetrics();
        change(p -> {
            p.directions(directions(policy(Outcome.Allow.PLAIN, hosts("not a name"))));
            p.events = FlowEvents.all(List.of(metrics, events));
        });
        try (LogLines log = new LogLines(Flow.class)) {
            Socket app = wire.connect();

            assertReset(app);
            assertThat(ending().reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
            assertThat(log.take()).singleElement(STRING).matches("ERROR flow [0-9]+ failed in stage identifying");
        }
        assertNobodyConnected();
        assertThat(events.closed).as("it ends once").isEmpty();
        assertThat(events.decided).as("nothing was decided").isEmpty();
        assertThat(metrics.scrape().lines())
                .contains("throughline_flows_closed_total{reason=\"internal-error\"} 1.0")
                .contains("throughline_flows_closed_total{reason=\"policy-denied\"} 0.0")
                .noneMatch(line -> line.startsWith("throughline_policy_decisions"));
    }

    @Test
    void aRouteThatIsNotThereIsNotReplacedByAnother() throws Exception {
        Outcome nowhere = new Outcome.Allow(Optional.of("nowhere"), Optional.empty());
        change(p -> p.directions(directions(policy(nowhere, hosts("edge-1")))));
        Socket app = wire.connect();

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
        assertNobodyConnected();
    }

    @Test
    void aDestinationThatRefusesIsFeltAsAReset() throws Exception {
        InetSocketAddress nobody = destinationAddress();
        change(p -> p.next(new NextHop.At("hop-c", nobody, HeaderProfile.NORMAL)));
        destination.close();
        Socket app = wire.connect();

        assertReset(app);
        Ending ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.CONNECT_REFUSED);
        assertThat(ending.detail()).startsWith("hop-c at " + Tuple.text(nobody) + ": ");
    }

    @Test
    void aHeaderTooLargeForTheNextHopIsNotSent() throws Exception {
        HeaderProfile small = new HeaderProfile(256, ImmutableSet.of());
        change(p -> p.next(new NextHop.At("hop-c", destinationAddress(), small)));
        Socket app = wire.connect();
        Socket next = destination.accept();

        assertReset(app);
        assertReset(next);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_TOO_LARGE);
    }

    @Test
    void stoppedWhileItWaitsForItsHeader() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        Wire.await("for its place", () -> parts.halfOpenHeaders().size() == 1);

        parts.table().stopAll(CloseReason.DRAIN_DEADLINE);

        assertReset(previous);
        assertThat(ending()).isEqualTo(new Ending(CloseReason.DRAIN_DEADLINE, ""));
    }

    @Test
    void stoppedWhileItRelays() throws Exception {
        Socket app = wire.connect();
        Socket there = destination.accept();
        assertThat(events.opened.poll(20, TimeUnit.SECONDS)).isNotNull();

        parts.table().stopAll(CloseReason.STOPPED);
        parts.table().stopAll(CloseReason.DRAIN_DEADLINE);

        assertReset(app);
        assertReset(there);
        assertThat(ending()).isEqualTo(new Ending(CloseReason.STOPPED, ""));
    }

    @Test
    void aBugEndsTheFlowAndOnlyIt() throws Exception {
        entrance = entrance(new Entrance.Beginning.Payload(), false, true, owner -> {
            throw new IllegalStateException("a bug, made by this test");
        });
        Socket app = wire.connect();

        assertReset(app);
        Ending ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
        assertThat(ending.detail()).contains("a bug, made by this test");
    }

    @Test
    void aResetWhileRelayingHasItsReason() throws Exception {
        Socket app = wire.connect();
        Socket there = destination.accept();
        assertThat(events.opened.poll(20, TimeUnit.SECONDS)).isNotNull();
        there.setSoLinger(true, 0);
        there.close();

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.OUTBOUND_RESET);
    }

    private void change(Consumer<PartsDraft> change) {
        change.accept(draft);
        parts = draft.parts();
    }

    /** From an agent that is this process. */
    private Entrance fromAgent(Entrance.OwnerRule rule) {
        int pid = Math.toIntExact(ProcessHandle.current().pid());
        UnixPeer self = new UnixPeer(pid, AGENTS_USER, Optional::empty);
        return new Entrance(
                "agents",
                new Entrance.Beginning.HandedOverHeader(),
                false,
                Optional.empty(),
                connection -> new Arrival.Unix(self),
                rule);
    }

    private static byte[] handedOver(InetSocketAddress to, int pid) {
        ProcessIdentity who = new ProcessIdentity(
                Evidence.BRIDGE,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(pid, 5)),
                Optional.empty(),
                Code.UNKNOWN,
                Placement.UNKNOWN,
                Person.UNKNOWN);
        Tuple flow = Tuple.tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 4711), to);
        BridgeHeader header = new BridgeHeader(flow, Way.PF, new Claimed<>(who), Optional.empty(), Optional.empty());
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
        entrance = fromAgent(Entrance.OwnerRule.ANYONE);
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
        assertThat(who.wayIn()).isEqualTo(Way.PF);
        assertThat(who.host()).isEqualTo(HostId.of("edge-1"));
        assertThat(end.flow().arrival().orElseThrow().way()).isEqualTo(Way.UNIX_BRIDGE);
        assertThat(end.flow().kernel().orElseThrow().uid()).hasValue(AGENTS_USER);
    }

    @Test
    void anAgentThatIsntAllowedIsToldSoUnheard() throws Exception {
        entrance = fromAgent(owner -> Optional.of(new Refused(CloseReason.AGENT_NOT_ALLOWED, "user 1")));
        Socket agent = wire.connect();

        assertFailed(agent, "agent-not-allowed");
        assertThat(ending()).isEqualTo(new Ending(CloseReason.AGENT_NOT_ALLOWED, "user 1"));
    }

    /** An agent that intercepts the hop's own connections would send them round and round. */
    @Test
    void aFlowOfThisVeryHopIsALoop() throws Exception {
        entrance = fromAgent(Entrance.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        agent.getOutputStream()
                .write(handedOver(
                        destinationAddress(),
                        Math.toIntExact(ProcessHandle.current().pid())));

        assertFailed(agent, "loop");
        assertThat(ending().reason()).isEqualTo(CloseReason.LOOP);
    }

    @Test
    void whatHandsNothingOverIsMalformed() throws Exception {
        entrance = fromAgent(Entrance.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        agent.getOutputStream().write(LOCAL);

        assertFailed(agent, "header-malformed");
        assertThat(ending())
                .isEqualTo(
                        new Ending(CloseReason.HEADER_MALFORMED, "byte 12: command LOCAL, which hands no flow over"));
        assertThat(parts.headerFailures().count()).isEqualTo(1);
    }

    @Test
    void anAgentsUnfinishedHeaderMeetsTheDeadlineAndItsUsersBudget() throws Exception {
        change(p -> p.headerTimeout = Duration.ofMillis(300));
        entrance = fromAgent(Entrance.OwnerRule.ANYONE);
        Socket slow = wire.connect();
        slow.getOutputStream().write(LOCAL, 0, 5);
        Wire.await("to wait for its header", () -> parts.halfOpenHeaders().size() == 1);
        Socket second = wire.connect();

        assertFailed(second, "header-budget");
        assertThat(ending()).isEqualTo(new Ending(CloseReason.HEADER_BUDGET, "peer user " + AGENTS_USER));
        assertFailed(slow, "header-timeout");
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_TIMEOUT);
    }

    @Test
    void anAgentIsToldThatTheDestinationRefuses() throws Exception {
        InetSocketAddress nobody = destinationAddress();
        destination.close();
        entrance = fromAgent(Entrance.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        agent.getOutputStream().write(handedOver(nobody, 4242));

        assertFailed(agent, "connect-refused");
        assertThat(ending().reason()).isEqualTo(CloseReason.CONNECT_REFUSED);
    }

    @Test
    void anAgentThatWaitsIsToldThatTheHopStops() throws Exception {
        entrance = fromAgent(Entrance.OwnerRule.ANYONE);
        Socket agent = wire.connect();
        Wire.await("to wait for its header", () -> parts.halfOpenHeaders().size() == 1);
        parts.table().stopAll(CloseReason.STOPPED);

        assertFailed(agent, "stopped");
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
    }
}
