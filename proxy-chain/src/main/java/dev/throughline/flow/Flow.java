package dev.throughline.flow;

import dev.throughline.budget.Account;
import dev.throughline.chain.Chain;
import dev.throughline.chain.Opening;
import dev.throughline.chain.UnsignedChain;
import dev.throughline.chain.Verification;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.header.Bytes;
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
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One flow, from the accepted connection to its close. {@link #run} lists its steps in order. Each step rejects the flow, with
 * the reason for the log, if it fails. Everything but {@link #view} and {@link #stop} happens on the event loop of the inbound
 * connection, which is also that of the upstream connection.
 */
public final class Flow {
    private static final Logger LOG = LoggerFactory.getLogger(Flow.class);

    private final FlowServices services;
    private final FlowSettings settings;
    private final ListenerProfile profile;
    private final Connection inbound;
    private final Account acceptedFor;
    private final HandoverAnswer answer;
    private final long number;
    private final Instant acceptedAt;
    private final long acceptedNanos = System.nanoTime();

    private volatile FlowView.Stage stage = FlowView.Stage.ARRIVING;
    private volatile @Nullable AcceptedConnection connection;
    private volatile @Nullable SocketIdentity owner;
    /** The peer that counts a failed header. */
    private volatile @Nullable Peer headerPeer;

    private volatile @Nullable Verification verification;
    private volatile @Nullable Originator originator;
    private volatile @Nullable Decision decision;
    private volatile @Nullable NextHop next;
    private volatile @Nullable UpstreamConnector connector;
    private @Nullable UpstreamConnection upstream;
    private volatile @Nullable Relay relay;
    private volatile @Nullable CloseResult stopResult;

    private volatile Optional<String> hostName = Optional.empty();
    private Optional<Bytes> handle = Optional.empty();
    private volatile List<Opening> closedDetails = List.of();

    /**
     * Creates a flow on {@code inbound}, of which nothing was read yet.
     *
     * @param acceptedFor the account whose turn the connection used when it was accepted
     */
    public Flow(
            FlowServices services,
            ListenerProfile profile,
            Connection inbound,
            Account acceptedFor) {
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
        inbound.events(new Watch());
        CompletableFuture.completedFuture(inbound)
                .thenApply(this::resolveConnection)
                .thenCompose(this::identifyOwner)
                .thenCompose(this::findOriginator)
                .thenCompose(this::awaitTurn)
                .thenApply(this::chooseRoute)
                .thenCompose(this::connect)
                .thenCompose(this::signHeader)
                .thenCompose(this::relay)
                .whenComplete(this::close);
    }

    /** Finds the source and the original destination, as the kernel knows them. */
    private AcceptedConnection resolveConnection(Connection accepted) {
        AcceptedConnection found = profile.resolver().of(accepted);
        connection = found;
        found.connection()
                .flatMap(socket -> profile.preamble().objection(socket.source().getAddress()))
                .ifPresent(objection -> {
                    throw objection;
                });
        if (services.table().isOverfull()) {
            throw new FlowRejectedException(
                    CloseReason.TOO_MANY_FLOWS, services.table().size() - 1 + " flows are open");
        }
        return found;
    }

    /** Identifies the process that owns the other end, if it is on this host. */
    private CompletableFuture<AcceptedConnection> identifyOwner(AcceptedConnection found) {
        if (!found.local()) {
            return CompletableFuture.completedFuture(found);
        }
        stage = FlowView.Stage.IDENTIFYING;
        return lookUpOwner(found)
                .thenApplyAsync(
                        identity -> {
                            checkNotStopped();
                            checkNotReset();
                            owner = identity;
                            profile.ownerRule().objection(identity).ifPresent(objection -> {
                                throw objection;
                            });
                            return found;
                        },
                        inbound.loop());
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
            throw new FlowRejectedException(CloseReason.INBOUND_RESET, "while " + stage);
        }
    }

    /** Finds the originator: from a verified header, or, on the first hop, from the kernel, a trusted proxy or an agent. */
    private CompletableFuture<Originator> findOriginator(AcceptedConnection found) {
        return switch (profile.preamble()) {
            case ListenerProfile.Preamble.Payload payload -> {
                SocketIdentity identity = owner;
                if (identity == null) {
                    throw new IllegalStateException("a transparent listener asks the kernel");
                }
                yield CompletableFuture.completedFuture(
                        newOriginator(found.method(), found.tcp().original(), identity.identity()));
            }
            case ListenerProfile.Preamble.BelievedHeader believed ->
                readHeader(found).thenApply(header -> fromUnsignedHeader(found.tcp(), header));
            case ListenerProfile.Preamble.HandedOverHeader handedOver ->
                readHeader(found).thenApply(this::fromAgent);
            case ListenerProfile.Preamble.SignedHeader signed ->
                readHeader(found).thenApply(header -> verify(found.tcp(), header));
        };
    }

    private Originator newOriginator(InterceptionMethod method, Tuple tuple, ProcessIdentity identity) {
        FlowId id = new FlowId(services.random().nextLong(), services.random().nextLong());
        Instant now = Instant.ofEpochMilli(services.clock().millis());
        Originator created = new Originator(settings.host(), id, now, tuple, method, identity);
        originator = created;
        return created;
    }

    private CompletableFuture<Header> readHeader(AcceptedConnection found) {
        stage = FlowView.Stage.VERIFYING;
        Peer peer = Peer.of(found, userOf(found));
        services.headerFailures().objection(peer).ifPresent(objection -> {
            throw objection;
        });
        HalfOpenHeaders.HeaderLease lease = services.halfOpenHeaders()
                .take(peer)
                .orElseThrow(() -> new FlowRejectedException(CloseReason.HEADER_BUDGET, "peer " + peer));
        headerPeer = peer;
        HeaderReader reader = profile.preamble().reader(settings.headerLimits());
        return HeaderReceiver.read(inbound, reader, settings.headerTimeout(), lease.lost())
                .handle((header, problem) -> {
                    inbound.events(new Watch());
                    lease.close();
                    if (header != null) {
                        return header;
                    }
                    Throwable cause = problem instanceof CompletionException wrapped ? wrapped.getCause() : problem;
                    throw cause instanceof HeaderReceiver.EndedSilently silent
                            ? endedSilently(found, peer, silent)
                            : new CompletionException(cause);
                });
    }

    /** Returns the user under which headers are counted: several users of this host share its addresses. */
    private OptionalInt userOf(AcceptedConnection found) {
        SocketIdentity identity = owner;
        if (identity != null) {
            return identity.uid();
        }
        Optional<Tuple> socket = found.connection();
        OptionalInt user = socket.isPresent() ? services.owners().user(socket.get()) : OptionalInt.empty();
        // A connection that was reset counts for its address: another user may have the same addresses by now.
        return inbound.hasEnded() ? OptionalInt.empty() : user;
    }

    /**
     * Returns the result of a connection that ended without a byte. A previous hop ends a connection this way when its
     * application gives up: that says nothing about its headers, and counting it would lock out the whole peer. For unproven
     * peers it counts: otherwise they could hold slots for unfinished headers without end, and close each in time.
     */
    private FlowRejectedException endedSilently(AcceptedConnection found, Peer peer, FlowRejectedException end) {
        if (HeaderRules.isSilentHealthCheck(settings.healthCheckers(), profile, found)) {
            return new FlowRejectedException(CloseReason.HEALTH_CHECK, end.detail());
        }
        if (!profile.ownerRule().equals(ListenerProfile.OwnerRule.ANYONE)
                || services.halfOpenHeaders().isProven(peer)) {
            headerPeer = null;
        }
        return end;
    }

    /** Takes the originator from the header of a trusted proxy. The process is unknown. */
    private Originator fromUnsignedHeader(AcceptedConnection.Tcp found, Header header) {
        checkNotStopped();
        rejectHealthCheck(found, header);
        if (header.tuple().isEmpty()) {
            // The proxy is not to blame for its clients, nor for checking the health of this hop.
            headerPeer = null;
        }
        Tuple tuple = UnsignedHeader.flow(header, found.socket(), settings.chainTlv());
        return newOriginator(
                found.method(),
                tuple,
                services.owners().behindProxy(tuple.source().getAddress()));
    }

    /** Takes the originator from an agent, whose identity was checked before a byte of it was read. */
    private Originator fromAgent(Header header) {
        checkNotStopped();
        BridgeHandover handover = BridgeHandover.of(header);
        services.halfOpenHeaders().verified(Objects.requireNonNull(headerPeer));
        hostName = handover.hostName();
        handle = handover.handle();
        return newOriginator(handover.wayIn(), handover.flow(), handover.process());
    }

    private void rejectHealthCheck(AcceptedConnection.Tcp found, Header header) {
        if (HeaderRules.isHealthCheck(settings.healthCheckers(), found, header)) {
            throw new FlowRejectedException(CloseReason.HEALTH_CHECK, "");
        }
    }

    /** Verifies a signed header. Returns its originator. */
    private Originator verify(AcceptedConnection.Tcp found, Header header) {
        checkNotStopped();
        rejectHealthCheck(found, header);
        Verification result = services.keys()
                .get()
                .verifier()
                .verify(header, found.socket(), services.clock().instant());
        verification = result;
        notifyListeners(() -> services.events().verified(result));
        return switch (result) {
            case Verification.Rejected rejected -> {
                if (!HeaderRules.countsAgainstPeer(rejected)) {
                    headerPeer = null;
                }
                throw new FlowRejectedException(
                        CloseReason.HEADER_REJECTED, rejected.reason() + ": " + rejected.detail());
            }
            case Verification.Verified verified -> {
                HeaderRules.objection(profile, found, verified).ifPresent(objection -> {
                    throw objection;
                });
                services.halfOpenHeaders().verified(Objects.requireNonNull(headerPeer));
                originator = verified.originator();
                yield verified.originator();
            }
        };
    }

    /** Waits for the turn of the originator's user, unless the connection used it already. The following steps are costly. */
    private CompletableFuture<Originator> awaitTurn(Originator found) {
        Account account = services.budget().account(found);
        if (account.isSameUser(acceptedFor)) {
            return CompletableFuture.completedFuture(found);
        }
        CompletableFuture<Void> turn = services.newFlows().turn(loop(), account, FairQueue.Work.FLOW, this::isEnded);
        if (turn.isDone() && !turn.isCompletedExceptionally()) {
            return CompletableFuture.completedFuture(found);
        }
        stage = FlowView.Stage.WAITING;
        return turn.handleAsync(
                (_, refused) -> {
                    if (refused != null) {
                        throw new CompletionException(refused);
                    }
                    checkNotStopped();
                    return found;
                },
                loop());
    }

    /** Applies the policy and chooses the route. Done once: a reloaded policy applies to later flows. */
    private UpstreamConnector chooseRoute(Originator found) {
        RoutingTable routing = services.routing().get();
        Decision decided = routing.policy().decide(new PolicyRequest(found, hostName));
        decision = decided;
        notifyListeners(() -> services.events().decided(decided));
        Route route = routing.route(decided);
        next = route.next();
        route.objection(found, settings.host()).ifPresent(objection -> {
            throw objection;
        });
        UpstreamConnector created = new UpstreamConnector(
                services, this, found, route, routing.limits(decided), hostName, handle, reached -> stage = reached);
        connector = created;
        return created;
    }

    /** Gets a lease from the budget, for the originator and not for the process that connected to this hop, and connects. */
    private CompletableFuture<UpstreamConnection> connect(UpstreamConnector route) {
        return route.open().thenApply(opened -> {
            upstream = opened;
            checkNotStopped();
            return opened;
        });
    }

    /** Returns the header with this hop's own link; empty if the next hop needs none. */
    private CompletableFuture<byte[]> signHeader(UpstreamConnection opened) {
        NextHop to = Objects.requireNonNull(next);
        if (to.audience().isEmpty() || Objects.requireNonNull(connector).canOmitHeader(opened)) {
            return CompletableFuture.completedFuture(new byte[0]);
        }
        Tuple addresses = opened.addresses()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.START_FAILED,
                        "the agent doesn't report the addresses that the header must be signed for"));
        OutgoingChain outgoing = new OutgoingChain(
                services,
                to,
                Objects.requireNonNull(originator),
                Objects.requireNonNull(connection),
                verification instanceof Verification.Verified received ? Optional.of(received) : Optional.empty());
        UnsignedChain chain = outgoing.on(addresses);
        closedDetails = chain.closed();
        return services.batchSigner()
                .sign(inbound.loop(), chain)
                .thenApply(this::encode);
    }

    private byte[] encode(Chain signed) {
        return settings.chainTlv()
                .header(signed)
                .orElseThrow(() -> new IllegalStateException("a chain that fits has a header"))
                .toByteArray();
    }

    /**
     * Relays bytes in both directions until both sides have finished. The header comes first, in one write with the bytes that the
     * application has sent; an agent is told that the connection is open before it gets a byte.
     */
    private CompletableFuture<RelayResult> relay(byte[] header) {
        checkNotStopped();
        stage = FlowView.Stage.RELAYING;
        UpstreamConnector route = Objects.requireNonNull(connector);
        CompletableFuture<RelayResult> end = new CompletableFuture<>();
        Relay running = new Relay(
                inbound,
                Objects.requireNonNull(upstream).connection(),
                new RelayTimeouts(
                        settings.idleTimeout(),
                        settings.halfClosedTimeout(),
                        settings.tcp(),
                        route.tcp()),
                services.buffers(),
                end::complete);
        relay = running;
        route.activate();
        notifyListeners(() -> services.events().opened(view()));
        running.start(header, answer.connected());
        return end;
    }

    /** Ends the flow, whatever happened, with one reason for the log and the metrics. */
    private void close(@Nullable RelayResult end, @Nullable Throwable problem) {
        if (stage == FlowView.Stage.CLOSED) {
            releaseLate();
            return;
        }
        CloseResult result = closeResult(end, problem);
        Peer peer = headerPeer;
        if (peer != null) {
            services.headerFailures().ended(peer, result.reason());
        }
        try {
            if (relay == null) {
                closeInbound(result.reason());
                resetUpstream();
            }
        } finally {
            finish(result);
        }
    }

    /** Releases a lease or a connection that was granted or opened after the flow had ended. */
    private void releaseLate() {
        UpstreamConnector route = connector;
        if (route != null) {
            route.finish(false);
        }
        resetUpstream();
    }

    private void resetUpstream() {
        UpstreamConnection opened = upstream;
        if (opened != null) {
            opened.connection().close();
        }
    }

    /** Releases the lease, removes the flow from the table and notifies listeners, even if releasing fails. */
    private void finish(CloseResult result) {
        UpstreamConnector route = connector;
        try {
            if (route != null) {
                route.finish(keepsPort(result));
            }
        } finally {
            services.table().remove(this);
            FlowView last = view();
            stage = FlowView.Stage.CLOSED;
            notifyListeners(() -> services.events().closed(last, result));
        }
    }

    private boolean keepsPort(CloseResult result) {
        Relay running = relay;
        return running != null && result.reason() == CloseReason.COMPLETED && running.hasInboundEndedFirst();
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

    /** Notifies the event listeners. A listener that fails does not stop the flow. */
    private void notifyListeners(Runnable event) {
        try {
            event.run();
        } catch (RuntimeException e) {
            LOG.error("flow {}: event listener failed", number, e);
        }
    }

    private CloseResult closeResult(@Nullable RelayResult end, @Nullable Throwable problem) {
        CloseResult stopped = stopResult;
        if (stopped != null && (end == null || end == RelayResult.ABORTED)) {
            return stopped;
        }
        if (end != null) {
            return CloseResult.of(end);
        }
        Throwable cause = problem instanceof CompletionException wrapped ? wrapped.getCause() : problem;
        if (cause instanceof FlowRejectedException rejected) {
            return CloseResult.of(rejected);
        }
        LOG.error("flow {} failed in stage {}", number, stage, cause);
        return new CloseResult(CloseReason.INTERNAL_ERROR, String.valueOf(cause));
    }

    /** Ends this flow with {@code reason}, in whatever stage it is. Any thread may call. */
    void stop(CloseReason reason) {
        stop(new CloseResult(reason, ""));
    }

    void stop(CloseResult result) {
        inbound.loop().execute(() -> end(result));
    }

    /** Ends the flow at once, without waiting for a pending lookup, lease, connection or signature. */
    private void end(CloseResult result) {
        if (isEnded()) {
            return;
        }
        stopResult = result;
        Relay running = relay;
        if (running != null) {
            running.abort();
            return;
        }
        closeInbound(result.reason());
        UpstreamConnector route = connector;
        if (route != null) {
            route.giveUp();
        }
        close(null, null);
    }

    /** Watches the inbound connection while nothing is read from it. */
    private final class Watch implements ConnectionEvents {
        @Override
        public void lost(IOException how) {
            Flow.this.lost(how);
        }
    }

    /** Ends the flow, whose inbound connection is lost before a byte was relayed. */
    private void lost(IOException cause) {
        CloseReason reason = switch (PeerLoss.of(cause)) {
            case RESET -> CloseReason.INBOUND_RESET;
            case TIMEOUT -> CloseReason.INBOUND_TIMEOUT;
        };
        end(CloseResult.during(stage, reason));
    }

    /** Throws if the flow was stopped while it waited for an answer. */
    void checkNotStopped() {
        CloseResult stopped = stopResult;
        if (stopped != null) {
            throw new FlowRejectedException(stopped.reason(), stopped.detail());
        }
    }

    /** Returns whether the flow was stopped or is closed. */
    boolean isEnded() {
        return stopResult != null || stage == FlowView.Stage.CLOSED;
    }

    boolean isClosed() {
        return stage == FlowView.Stage.CLOSED;
    }

    long number() {
        return number;
    }

    EventLoop loop() {
        return inbound.loop();
    }

    /** Returns the originator, once it is known. Any thread may call. */
    Optional<Originator> originator() {
        return Optional.ofNullable(originator);
    }

    /** Returns the memory of bytes that the flow has read and not yet sent. Any thread may call. */
    int heldBytes() {
        Relay running = relay;
        return running == null || stage == FlowView.Stage.CLOSED ? 0 : running.heldBytes();
    }

    /** Returns when a byte last moved, by {@link System#nanoTime}; the current time while none can. Any thread may call. */
    long movedNanos() {
        Relay running = relay;
        return running == null ? System.nanoTime() : running.movedNanos();
    }

    /** Returns this flow as it is now. Any thread may call. */
    public FlowView view() {
        Relay running = relay;
        return new FlowView(
                number,
                profile.listener(),
                stage,
                acceptedAt,
                Duration.ofNanos(System.nanoTime() - acceptedNanos),
                Optional.ofNullable(connection),
                Optional.ofNullable(owner),
                Optional.ofNullable(verification),
                Optional.ofNullable(originator),
                Optional.ofNullable(decision),
                Optional.ofNullable(next),
                Optional.ofNullable(connector).flatMap(UpstreamConnector::transportName),
                closedDetails,
                running == null ? 0 : running.bytesToOutbound(),
                running == null ? 0 : running.bytesToInbound());
    }
}
