package dev.throughline.flow;

import dev.throughline.budget.Account;
import dev.throughline.chain.Chain;
import dev.throughline.chain.Opening;
import dev.throughline.chain.UnsignedChain;
import dev.throughline.chain.Verification;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.flow.FlowStage.Accepted;
import dev.throughline.flow.FlowStage.Arriving;
import dev.throughline.flow.FlowStage.Closed;
import dev.throughline.flow.FlowStage.Connected;
import dev.throughline.flow.FlowStage.Decided;
import dev.throughline.flow.FlowStage.Identified;
import dev.throughline.flow.FlowStage.Originated;
import dev.throughline.flow.FlowStage.Relaying;
import dev.throughline.flow.FlowStage.Routed;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.Tuple;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.policy.Decision;
import dev.throughline.policy.PolicyRequest;
import dev.throughline.relay.PeerLoss;
import dev.throughline.relay.Relay;
import dev.throughline.relay.RelayResult;
import dev.throughline.relay.RelayTimeouts;
import dev.throughline.transport.UpstreamConnection;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One flow, from the accepted connection to its close. Its steps follow in order; each ends by entering the next {@link
 * FlowStage}, or throws {@link FlowRejectedException} with the reason for the log. Whatever ends a flow early, at any moment,
 * goes through {@link #end}. Everything but {@link #view} and {@link #stop} happens on the event loop of the inbound connection,
 * which is also that of the upstream connection.
 */
public final class Flow {
    private static final Logger LOG = LoggerFactory.getLogger(Flow.class);

    private final FlowServices services;
    private final FlowSettings settings;
    private final ListenerProfile profile;
    private final Connection inbound;
    private final Account acceptedFor;
    private final HandoverAnswer answer;
    private final Watch watch = new Watch();
    private final long number;
    private final Instant acceptedAt;
    private final long acceptedNanos = System.nanoTime();

    /** Time from accepted to relaying, valid in that stage and later. */
    private long setupNanos;

    private volatile FlowStage stage = Arriving.STAGE;
    /** How the flow ends, once that is decided. */
    private volatile @Nullable CloseResult result;
    /** The peer that counts a failed header. */
    private Optional<Peer> headerPeer = Optional.empty();

    /**
     * Creates a flow on {@code inbound}, from which nothing was read yet.
     *
     * @param acceptedFor the account whose turn the connection used when it was accepted
     */
    public Flow(FlowServices services, ListenerProfile profile, Connection inbound, Account acceptedFor) {
        this.services = services;
        this.settings = services.settings();
        this.profile = profile;
        this.inbound = inbound;
        this.acceptedFor = acceptedFor;
        this.answer =
                new HandoverAnswer(inbound, profile.preamble() instanceof ListenerProfile.Preamble.HandedOverHeader);
        this.number = services.table().nextNumber();
        this.acceptedAt = services.clock().instant();
    }

    /** Starts this flow. */
    public void run() {
        services.table().add(this);
        inbound.events(watch);
        try {
            accept();
        } catch (RuntimeException | Error e) {
            failed(e);
        }
    }

    // 1. Source and original destination, as the kernel knows them.

    private void accept() {
        AcceptedConnection found = profile.resolver().of(inbound);
        Accepted accepted = new Accepted(FlowView.Stage.ARRIVING, found);
        stage = accepted;
        Optional<Tuple> socket = found.connection();
        if (socket.isPresent()) {
            rejectIf(profile.preamble().objection(socket.get().source().getAddress()));
        }
        if (services.table().isOverfull()) {
            throw new FlowRejectedException(
                    CloseReason.TOO_MANY_FLOWS, services.table().size() - 1 + " flows are open");
        }
        identify(accepted);
    }

    // 2. The process that owns the other end, if it is on this host.

    private void identify(Accepted accepted) {
        if (!accepted.connection().local()) {
            originate(new Identified(accepted.name(), accepted, Optional.empty(), Optional.empty()));
            return;
        }
        Accepted identifying = accepted.at(FlowView.Stage.IDENTIFYING);
        stage = identifying;
        CompletableFuture<SocketIdentity> owner = lookUpOwner(accepted.connection());
        if (owner.state() == Future.State.SUCCESS) {
            identified(identifying, owner.resultNow());
        } else {
            owner.whenComplete((found, problem) -> onLoop(() -> resume(identifying, found, problem)));
        }
    }

    /** The owner of the connection was looked up by another thread. */
    private void resume(Accepted identifying, SocketIdentity owner, @Nullable Throwable problem) {
        if (isEnded()) {
            return;
        }
        if (problem != null) {
            failed(problem);
            return;
        }
        try {
            identified(identifying, owner);
        } catch (RuntimeException | Error e) {
            failed(e);
        }
    }

    private void identified(Accepted accepted, SocketIdentity owner) {
        checkNotReset();
        Identified identified = new Identified(accepted.name(), accepted, Optional.of(owner), Optional.empty());
        stage = identified;
        rejectIf(profile.ownerRule().objection(owner));
        originate(identified);
    }

    private CompletableFuture<SocketIdentity> lookUpOwner(AcceptedConnection found) {
        return switch (found) {
            case AcceptedConnection.Tcp tcp -> services.owners().identify(tcp.socket());
            case AcceptedConnection.Unix unix -> services.owners().identify(unix.peer());
        };
    }

    /**
     * Rejects a connection that was reset while its owner was looked up. The kernel returns the process that connected last
     * from these addresses; if this connection was reset before, that may be another process.
     */
    private void checkNotReset() {
        if (inbound.hasEnded()) {
            throw new FlowRejectedException(CloseReason.INBOUND_RESET, "while " + stage.name());
        }
    }

    // 3. The originator: from a verified header, or, on the first hop, from the kernel, a trusted proxy or an agent.

    private void originate(Identified identified) {
        switch (profile.preamble()) {
            case ListenerProfile.Preamble.Payload payload -> {
                AcceptedConnection.Tcp found =
                        identified.accepted().connection().tcp();
                SocketIdentity owner = identified
                        .owner()
                        .orElseThrow(() -> new IllegalStateException("a transparent listener asks the kernel"));
                originated(identified, newOriginator(found.method(), found.original(), owner.identity()));
            }
            case ListenerProfile.Preamble.BelievedHeader believed -> readHeader(identified, this::believe);
            case ListenerProfile.Preamble.HandedOverHeader handedOver -> readHeader(identified, this::takeOver);
            case ListenerProfile.Preamble.SignedHeader signed -> readHeader(identified, this::verify);
        }
    }

    private Originator newOriginator(InterceptionMethod method, Tuple tuple, ProcessIdentity identity) {
        FlowId id = services.ids().next();
        Instant now = Instant.ofEpochMilli(services.clock().millis());
        return new Originator(settings.host(), id, now, tuple, method, identity);
    }

    /** A step that gets the originator from a header. */
    private interface HeaderStep {
        void take(Identified identified, Header header);
    }

    private void readHeader(Identified identified, HeaderStep next) {
        Identified verifying = identified.at(FlowView.Stage.VERIFYING);
        stage = verifying;
        Peer peer = Peer.of(verifying.accepted().connection(), userOf(verifying));
        rejectIf(services.headerFailures().objection(peer));
        HalfOpenHeaders.HeaderLease lease = services.halfOpenHeaders()
                .take(peer)
                .orElseThrow(() -> new FlowRejectedException(CloseReason.HEADER_BUDGET, "peer " + peer));
        headerPeer = Optional.of(peer);
        HeaderReader reader = profile.preamble().reader(settings.headerLimits());
        HeaderReceiver.read(inbound, reader, settings.headerTimeout(), lease, new HeaderReceiver.Listener() {
            @Override
            public void received(Header header) {
                if (isEnded()) {
                    return;
                }
                inbound.events(watch);
                try {
                    next.take(verifying, header);
                } catch (RuntimeException | Error e) {
                    Flow.this.failed(e);
                }
            }

            @Override
            public void failed(FlowRejectedException why) {
                if (!isEnded()) {
                    inbound.events(watch);
                    Flow.this.failed(
                            why instanceof HeaderReceiver.EndedSilently silent
                                    ? endedSilently(verifying, peer, silent)
                                    : why);
                }
            }
        });
    }

    /** Returns the user under which headers are counted: several users of this host share its addresses. */
    private OptionalInt userOf(Identified identified) {
        if (identified.owner().isPresent()) {
            return identified.owner().get().uid();
        }
        Optional<Tuple> socket = identified.accepted().connection().connection();
        OptionalInt user = socket.isPresent() ? services.owners().user(socket.get()) : OptionalInt.empty();
        // A connection that was reset counts for its address: another user may have the same addresses by now.
        return inbound.hasEnded() ? OptionalInt.empty() : user;
    }

    /**
     * Returns the result of a connection that ended without a byte. A previous hop ends a connection this way when its
     * application gives up: that says nothing about its headers, and counting it would lock out the whole peer. For unproven
     * peers it counts: otherwise they could hold slots for unfinished headers without end, and close each in time.
     */
    private FlowRejectedException endedSilently(Identified identified, Peer peer, FlowRejectedException end) {
        if (HeaderRules.isSilentHealthCheck(
                settings.healthCheckers(), profile, identified.accepted().connection())) {
            return new FlowRejectedException(CloseReason.HEALTH_CHECK, end.detail());
        }
        if (!profile.ownerRule().equals(ListenerProfile.OwnerRule.ANYONE)
                || services.halfOpenHeaders().isProven(peer)) {
            headerPeer = Optional.empty();
        }
        return end;
    }

    /** Takes the originator from the header of a trusted proxy. The process is unknown. */
    private void believe(Identified identified, Header header) {
        AcceptedConnection.Tcp found = identified.accepted().connection().tcp();
        rejectHealthCheck(found, header);
        if (header.tuple().isEmpty()) {
            // The proxy is not to blame for its clients, nor for checking the health of this hop.
            headerPeer = Optional.empty();
        }
        Tuple tuple = UnsignedHeader.flow(header, found.socket(), settings.chainTlv());
        originated(
                identified,
                newOriginator(
                        found.method(),
                        tuple,
                        services.owners().behindProxy(tuple.source().getAddress())));
    }

    /** Takes the originator from an agent, whose identity was checked before a byte of it was read. */
    private void takeOver(Identified identified, Header header) {
        BridgeHandover handover = BridgeHandover.of(header);
        headerVerified();
        awaitTurn(new Originated(
                identified.name(),
                identified,
                newOriginator(handover.wayIn(), handover.flow(), handover.process()),
                handover.hostName(),
                handover.handle()));
    }

    private void headerVerified() {
        if (headerPeer.isPresent()) {
            services.halfOpenHeaders().verified(headerPeer.get());
        }
    }

    private static void rejectIf(Optional<FlowRejectedException> objection) {
        if (objection.isPresent()) {
            throw objection.get();
        }
    }

    private void rejectHealthCheck(AcceptedConnection.Tcp found, Header header) {
        if (HeaderRules.isHealthCheck(settings.healthCheckers(), found, header)) {
            throw new FlowRejectedException(CloseReason.HEALTH_CHECK, "");
        }
    }

    /** Verifies a signed header. */
    private void verify(Identified identified, Header header) {
        AcceptedConnection.Tcp found = identified.accepted().connection().tcp();
        rejectHealthCheck(found, header);
        Verification verification = services.keys()
                .get()
                .verifier()
                .verify(header, found.socket(), services.clock().instant());
        Identified checked = identified.verified(verification);
        stage = checked;
        try {
            services.events().verified(verification);
        } catch (RuntimeException e) {
            listenerFailed(e);
        }
        switch (verification) {
            case Verification.Rejected rejected -> {
                if (!HeaderRules.countsAgainstPeer(rejected)) {
                    headerPeer = Optional.empty();
                }
                throw new FlowRejectedException(
                        CloseReason.HEADER_REJECTED, rejected.reason() + ": " + rejected.detail());
            }
            case Verification.Verified verified -> {
                rejectIf(HeaderRules.objection(profile, found, verified));
                headerVerified();
                originated(checked, verified.originator());
            }
        }
    }

    private void originated(Identified identified, Originator originator) {
        awaitTurn(new Originated(identified.name(), identified, originator, Optional.empty(), Optional.empty()));
    }

    // 4. The turn of the originator's user, unless the connection used it already: the following steps are costly.

    private void awaitTurn(Originated originated) {
        stage = originated;
        Account account = services.budget().account(originated.originator());
        if (account.isSameUser(acceptedFor)) {
            decide(originated, account);
            return;
        }
        Turn turn = new Turn(account);
        services.newFlows().turn(loop(), turn);
        if (turn.waits) {
            stage = originated.at(FlowView.Stage.WAITING);
        }
    }

    /** This flow in the queue of new flows. */
    private final class Turn implements FairQueue.Waiting {
        private final Account account;
        private volatile boolean waits = true;

        Turn(Account account) {
            this.account = account;
        }

        @Override
        public Account who() {
            return account;
        }

        @Override
        public FairQueue.Work work() {
            return FairQueue.Work.FLOW;
        }

        @Override
        public boolean isEnded() {
            return Flow.this.isEnded();
        }

        @Override
        public void turn() {
            waits = false;
            if (stage instanceof Originated originated) {
                try {
                    decide(originated, account);
                } catch (RuntimeException | Error e) {
                    failed(e);
                }
            }
        }

        @Override
        public void refused(FlowRejectedException why) {
            waits = false;
            onLoop(() -> Flow.this.failed(why));
        }
    }

    // 5. The policy, and the route that it chooses.

    private void decide(Originated originated, Account account) {
        RoutingTable routing = services.routing().get();
        Decision decision = routing.policy().decide(new PolicyRequest(originated.originator(), originated.hostName()));
        Decided decided = new Decided(originated, decision);
        stage = decided;
        try {
            services.events().decided(decision);
        } catch (RuntimeException e) {
            listenerFailed(e);
        }
        Route route = routing.route(decision);
        UpstreamConnector connector =
                new UpstreamConnector(services, this, originated, account, route, routing.limits(decision));
        Routed routed = new Routed(decided.name(), decided, route, connector);
        stage = routed;
        rejectIf(route.objection(originated.originator(), settings.host()));
        connector.open();
    }

    // 6. Slots in the budget, for the originator and not for the process that connected to this hop, and the
    // connection.

    /** Shows whether the flow waits or connects. */
    void connecting(FlowView.Stage name) {
        if (stage instanceof Routed routed) {
            stage = routed.at(name);
        }
    }

    /** The connection is open. */
    void connected(UpstreamConnection opened) {
        if (stage instanceof Routed routed) {
            try {
                sign(new Connected(routed, opened, List.of()));
            } catch (RuntimeException | Error e) {
                failed(e);
            }
        }
    }

    // 7. This hop's own link, for the header to the next hop.

    private void sign(Connected connected) {
        stage = connected;
        Routed routed = connected.routed();
        UpstreamConnection upstream = connected.upstream();
        if (routed.route().next().audience().isEmpty() || routed.connector().canOmitHeader(upstream)) {
            relay(connected, new byte[0]);
            return;
        }
        Tuple addresses = upstream.addresses()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.START_FAILED,
                        "the agent doesn't report the addresses that the header must be signed for"));
        Originated originated = routed.originated();
        UnsignedChain chain = new OutgoingChain(
                        services,
                        routed.route().next(),
                        originated.originator(),
                        originated.identified().accepted().connection(),
                        originated.chain())
                .on(addresses);
        Connected signing = new Connected(routed, upstream, chain.closed());
        stage = signing;
        services.batchSigner().sign(loop(), chain, new BatchSigner.Listener() {
            @Override
            public void signed(Chain signed) {
                if (isEnded()) {
                    return;
                }
                try {
                    relay(signing, header(signed));
                } catch (RuntimeException | Error e) {
                    failed(e);
                }
            }

            @Override
            public void notSigned(Throwable why) {
                failed(why);
            }
        });
    }

    private byte[] header(Chain signed) {
        return settings.chainTlv()
                .header(signed)
                .orElseThrow(() -> new IllegalStateException("a chain that fits has a header"))
                .toByteArray();
    }

    // 8. Bytes in both directions until both sides have finished. The header comes first, in one write with the bytes
    // that the
    // application has sent; an agent is told that the connection is open before it gets a byte.

    private void relay(Connected connected, byte[] header) {
        Relay relay = new Relay(
                inbound,
                connected.upstream().connection(),
                new RelayTimeouts(
                        settings.idleTimeout(),
                        settings.halfClosedTimeout(),
                        settings.tcp(),
                        connected.routed().route().tcp()),
                services.buffers(),
                this::relayed);
        setupNanos = System.nanoTime() - acceptedNanos;
        stage = new Relaying(connected, relay);
        connected.routed().connector().activate();
        try {
            services.events().opened(this::view);
        } catch (RuntimeException e) {
            listenerFailed(e);
        }
        relay.start(header, answer.connected());
    }

    private void relayed(RelayResult end) {
        CloseResult stopped = result;
        close(stopped != null && end == RelayResult.ABORTED ? stopped : CloseResult.of(end));
    }

    // The end.

    private void onLoop(Runnable task) {
        if (loop().inEventLoop()) {
            task.run();
        } else {
            loop().execute(task);
        }
    }

    /** Ends the flow because a step failed. Does nothing if it has ended. */
    void failed(Throwable problem) {
        if (isEnded()) {
            return;
        }
        Throwable cause = cause(problem);
        if (cause instanceof FlowRejectedException rejected) {
            end(CloseResult.of(rejected));
        } else {
            LOG.error("flow {} failed in stage {}", number, stage.name(), cause);
            end(new CloseResult(CloseReason.INTERNAL_ERROR, String.valueOf(cause)));
        }
    }

    private static Throwable cause(Throwable problem) {
        return problem instanceof CompletionException wrapped && wrapped.getCause() != null
                ? wrapped.getCause()
                : problem;
    }

    /** Watches the inbound connection while nothing is read from it. */
    private final class Watch implements ConnectionEvents {
        @Override
        public void lost(IOException how) {
            CloseReason reason = switch (PeerLoss.of(how)) {
                case RESET -> CloseReason.INBOUND_RESET;
                case TIMEOUT -> CloseReason.INBOUND_TIMEOUT;
            };
            end(CloseResult.during(stage.name(), reason));
        }
    }

    /** Ends this flow with {@code reason}, in whatever stage it is. Any thread may call. */
    void stop(CloseReason reason) {
        stop(new CloseResult(reason, ""));
    }

    void stop(CloseResult how) {
        loop().execute(() -> end(how));
    }

    /** Ends the flow at once, without waiting for a pending lookup, turn, lease, connection or signature. */
    private void end(CloseResult how) {
        if (isEnded()) {
            return;
        }
        result = how;
        if (stage instanceof Relaying relaying) {
            relaying.relay().abort();
        } else {
            close(how);
        }
    }

    /** Releases what the flow has in its stage, and notifies listeners, whatever fails on the way. */
    private void close(CloseResult how) {
        FlowStage last = stage;
        result = how;
        if (headerPeer.isPresent()) {
            services.headerFailures().ended(headerPeer.get(), how.reason());
        }
        try {
            if (!(last instanceof Relaying)) {
                closeInbound(how.reason());
                Optional<Connected> connected = last.find(Connected.class);
                if (connected.isPresent()) {
                    connected.get().upstream().connection().close();
                }
            }
        } finally {
            try {
                Optional<Routed> routed = last.find(Routed.class);
                if (routed.isPresent()) {
                    routed.get().connector().giveUp();
                    routed.get().connector().finish(keepsPort(last, how));
                }
            } finally {
                services.table().remove(this);
                FlowView view = view();
                stage = new Closed(last);
                try {
                    services.events().closed(view, how);
                } catch (RuntimeException e) {
                    listenerFailed(e);
                }
            }
        }
    }

    private static boolean keepsPort(FlowStage last, CloseResult how) {
        return last instanceof Relaying relaying
                && how.reason() == CloseReason.COMPLETED
                && relaying.relay().hasInboundEndedFirst();
    }

    /** Closes the inbound connection of a flow that never relayed. A reset tells the application at once. */
    private void closeInbound(CloseReason reason) {
        if (answer.isPending() && inbound.isOpen()) {
            answer.failed(reason);
        } else if (reason == CloseReason.HEALTH_CHECK) {
            inbound.closeInOrder();
        } else {
            inbound.close();
        }
    }

    /** An event listener that fails doesn't stop the flow. */
    private void listenerFailed(RuntimeException problem) {
        LOG.error("flow {}: event listener failed", number, problem);
    }

    /** Returns whether it is decided how the flow ends. */
    boolean isEnded() {
        return result != null;
    }

    boolean isClosed() {
        return stage instanceof Closed;
    }

    long number() {
        return number;
    }

    EventLoop loop() {
        return inbound.loop();
    }

    /** Returns the originator, once it is known. Any thread may call. */
    Optional<Originator> originator() {
        return stage.find(Originated.class).map(Originated::originator);
    }

    /** Returns the memory of bytes that the flow has read and not yet sent. Any thread may call. */
    int heldBytes() {
        return stage instanceof Relaying relaying ? relaying.relay().heldBytes() : 0;
    }

    /** Returns when a byte last moved, by {@link System#nanoTime}; the current time while none can. Any thread may call. */
    long movedNanos() {
        return stage instanceof Relaying relaying ? relaying.relay().movedNanos() : System.nanoTime();
    }

    /** Returns this flow as it is now. Any thread may call. */
    public FlowView view() {
        FlowStage now = stage;
        Optional<AcceptedConnection> connection = Optional.empty();
        Optional<SocketIdentity> owner = Optional.empty();
        Optional<Verification> verification = Optional.empty();
        Optional<Originator> originator = Optional.empty();
        Optional<Decision> decision = Optional.empty();
        Optional<NextHop> next = Optional.empty();
        Optional<String> transport = Optional.empty();
        List<Opening> closedDetails = List.of();
        Optional<Duration> setup = Optional.empty();
        long bytesOut = 0;
        long bytesIn = 0;
        for (FlowStage at = now; at != null; at = at.before()) {
            if (at instanceof Relaying it) {
                setup = Optional.of(Duration.ofNanos(setupNanos));
                bytesOut = it.relay().bytesToOutbound();
                bytesIn = it.relay().bytesToInbound();
            } else if (at instanceof Connected it) {
                closedDetails = it.closedDetails();
            } else if (at instanceof Routed it) {
                next = Optional.of(it.route().next());
                transport = it.connector().transportName();
            } else if (at instanceof Decided it) {
                decision = Optional.of(it.decision());
            } else if (at instanceof Originated it) {
                originator = Optional.of(it.originator());
            } else if (at instanceof Identified it) {
                owner = it.owner();
                verification = it.verification();
            } else if (at instanceof Accepted it) {
                connection = Optional.of(it.connection());
            }
        }
        return new FlowView(
                number,
                profile.listener(),
                now.name(),
                acceptedAt,
                Duration.ofNanos(System.nanoTime() - acceptedNanos),
                setup,
                connection,
                owner,
                verification,
                originator,
                decision,
                next,
                transport,
                closedDetails,
                bytesOut,
                bytesIn);
    }
}
