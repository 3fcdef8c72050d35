package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import dev.throughline.budget.Account;
import dev.throughline.budget.PoolRule;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verification;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.engine.Connection;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.Trust;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.policy.Decision;
import dev.throughline.relay.Wire;
import dev.throughline.transport.BsdSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A flow between two sockets of a test, with a fake listener; it ends once, with one reason. */
@Timeout(60)
abstract class FlowScene {
    static final byte[] LOCAL = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a20000000");
    static final byte[] UNSIGNED =
            HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2111000c" + "7f0000017f00000110921f90");

    static final int FAILURES = 3;
    private static final int PATIENCE_MILLIS = 20_000;

    final Events events = new Events();
    final PrivateKey ownKey = key("hop-b");
    final PrivateKey previousKey = key("hop-a");
    final Trust trust = trust("hop-a", previousKey, " origin=edge-1\n");

    ProcessIdentifier identifier;
    ServerSocket destination;
    volatile KeyContext authority;
    final CountedBudget counted = new CountedBudget();
    FlowBudget budget;
    FlowServicesDraft draft;
    FlowServices services;
    ListenerProfile entrance;
    Wire wire;

    /** The events that log and metrics get. */
    static final class Events implements FlowEvents {
        final BlockingQueue<FlowView> opened = new LinkedBlockingQueue<>();
        final BlockingQueue<Verification> verified = new LinkedBlockingQueue<>();
        final BlockingQueue<Decision> decided = new LinkedBlockingQueue<>();
        final BlockingQueue<Closed> closed = new LinkedBlockingQueue<>();

        record Closed(FlowView flow, CloseResult ending) {}

        @Override
        public void opened(Supplier<FlowView> flow) {
            opened.add(flow.get());
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
        public void closed(FlowView flow, CloseResult ending) {
            closed.add(new Closed(flow, ending));
        }
    }

    /** Starts a flow on a connection, as a listener does. */
    private void begin(Connection connection) {
        new Flow(services, entrance, connection, new Account("", "", "", "")).run();
    }

    @BeforeEach
    void prepare() throws Exception {
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL);
        destination = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        authority = authority(trust);
        budget = budget(100, PoolRule.DEFAULT);
        draft = new FlowServicesDraft(identifier, () -> authority, budget, events);
        draft.headerFailures = new HeaderFailures(FAILURES, Duration.ofMinutes(1), 10, System::nanoTime);
        services = draft.services();
        entrance = fromApplications();
        wire = new Wire(this::begin);
    }

    FlowBudget budget(int flows, PoolRule rule) {
        return new FlowBudget(flows, rule, 10, new Accounts(HostId.of("edge-1"), uid -> uid), HostId::toString, counted)
                .pool(BsdSocket.NAME, 100);
    }

    /** The keys of hop-b, and the keys that it trusts. */
    KeyContext authority(Trust believed) {
        return authority(believed, Instant.now().minusSeconds(60), new ReplayWindow(100));
    }

    KeyContext authority(Trust believed, Instant startedAt, ReplayWindow replays) {
        VerifierSettings settings =
                new VerifierSettings(HopId.of("hop-b"), startedAt, Duration.ofSeconds(2), 4, ImmutableList.of());
        return new KeyContext(
                new Verifier(settings, believed, ChainTlv.STANDARD, replays),
                ImmutableSortedMap.of(Instant.MIN, new Signer(ownKey, new SecureRandom())));
    }

    @AfterEach
    void everyConnectionEndedOnce() throws Exception {
        wire.close();
        destination.close();
        identifier.close();
        assertThat(events.closed).isEmpty();
        assertThat(services.table().size()).isZero();
        assertThat(services.halfOpenHeaders().size()).isZero();
        // A slot is free when its socket is.
        Wire.await(
                "to have all slots back",
                () -> services.budget().pools().stream().allMatch(pool -> pool.inUse() == 0));
        assertThat(services.budget().waiting()).isZero();
        services.budget().close();
        budget.close();
    }

    /** Returns the profile of a listener for applications on this host, with flows to {@link #destination}. */
    ListenerProfile fromApplications() {
        return entrance(new ListenerProfile.Preamble.Payload(), false, true, ListenerProfile.OwnerRule.ANYONE);
    }

    ListenerProfile fromPreviousHop() {
        return entrance(new ListenerProfile.Preamble.SignedHeader(), false, false, ListenerProfile.OwnerRule.ANYONE);
    }

    ListenerProfile entrance(
            ListenerProfile.Preamble begins, boolean intercepting, boolean local, ListenerProfile.OwnerRule rule) {
        return new ListenerProfile(
                "front",
                begins,
                intercepting,
                java.util.Optional.empty(),
                connection -> {
                    Tuple socket = Tuple.tcp(
                            connection.remoteAddress().orElseThrow(),
                            connection.localAddress().orElseThrow());
                    Tuple asked = Tuple.tcp(socket.source(), destinationAddress());
                    return new AcceptedConnection.Tcp(InterceptionMethod.SOCKET, socket, asked, local);
                },
                rule);
    }

    InetSocketAddress destinationAddress() {
        return (InetSocketAddress) destination.getLocalSocketAddress();
    }

    static PrivateKey key(String hop) {
        try {
            return PrivateKey.generate(hop, new SecureRandom());
        } catch (dev.throughline.key.KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    static Trust trust(String name, PrivateKey key, String rights) {
        try {
            return Trust.parse(name, key.publicKey().toText() + rights);
        } catch (dev.throughline.key.KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    Events.Closed closed() throws InterruptedException {
        Events.Closed end = events.closed.poll(20, TimeUnit.SECONDS);
        assertThat(end).as("a flow that ended").isNotNull();
        Wire.await("to leave the table", () -> services.table().size() == 0);
        return end;
    }

    CloseResult ending() throws InterruptedException {
        return closed().ending();
    }

    static void assertReset(Socket socket) {
        assertThatThrownBy(() -> {
                    socket.setSoTimeout(PATIENCE_MILLIS);
                    socket.getInputStream().readAllBytes();
                })
                .isInstanceOf(IOException.class)
                .hasMessageContaining("reset");
    }

    /** hop-a's header for the connection {@code socket}, for a flow to {@code wanted}. */
    Bytes header(Socket socket, InetSocketAddress wanted) {
        Tuple connection = Tuple.tcp((InetSocketAddress) socket.getLocalSocketAddress(), (InetSocketAddress)
                socket.getRemoteSocketAddress());
        InetSocketAddress source = new InetSocketAddress("127.0.0.1", 40000);
        Instant now = Instant.ofEpochMilli(System.currentTimeMillis());
        Originator who = new Originator(
                HostId.of("edge-1"),
                new FlowId(1, 2),
                now,
                Tuple.tcp(source, wanted),
                InterceptionMethod.TPROXY,
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
        LinkDraft draft = new LinkDraft(
                HopId.of("hop-b"),
                now,
                Duration.ofSeconds(10),
                InterceptionMethod.TPROXY,
                InterceptionMethod.SOCKET,
                Optional.of(source),
                connection);
        Signer signer = new Signer(previousKey, new SecureRandom());
        return ChainTlv.STANDARD
                .header(signer.sign(signer.originate(who, draft)))
                .orElseThrow();
    }

    static Header read(Socket next) throws IOException {
        byte[] header = new byte[HeaderLimits.NORMAL.maxBytes()];
        for (int length = 0; ; ) {
            length += next.getInputStream().read(header, length, 1);
            if (new HeaderReader(HeaderLimits.NORMAL).read(header, length) instanceof ReadResult.Complete complete) {
                return complete.header();
            }
        }
    }

    void change(Consumer<FlowServicesDraft> change) {
        change.accept(draft);
        services = draft.services();
    }
}
