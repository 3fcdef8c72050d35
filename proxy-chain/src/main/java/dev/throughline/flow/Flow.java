package dev.throughline.flow;

import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.budget.Account;
import dev.throughline.chain.Chain;
import dev.throughline.chain.Opening;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.UnsignedChain;
import dev.throughline.chain.Verification;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.Tuple;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.policy.Decision;
import dev.throughline.policy.PolicyRequest;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.PeerLoss;
import dev.throughline.relay.Relay;
import dev.throughline.relay.RelayResult;
import dev.throughline.relay.RelayTimeouts;
import dev.throughline.relay.StreamOptions;
import dev.throughline.relay.TcpState;
import dev.throughline.transport.UpstreamConnection;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
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
 * One flow, from intercepted to closed. {@link #run} is its life in order; each step below does what its name says, or
 * refuses with the one reason with which the flow then ends. Everything but {@link #view} and {@link #stop} happens on the
 * event loop of the inbound connection, which is the outbound one's as well.
 */
public final class Flow {
    private static final Logger LOG = LoggerFactory.getLogger(Flow.class);

    /**
     * Why a header is refused because of this hop: it has just started, or can remember no more. Such a header is counted,
     * but not as a failure of its peer, whose clock may only be slow. That gives nobody signature checks for free: the
     * first rule is ahead of all signatures, and fails only within ttl and skew of the start; the second comes when all
     * signatures hold, which takes a key.
     */
    private static final ImmutableSet<RejectReason> BECAUSE_OF_THIS_HOP =
            Sets.immutableEnumSet(RejectReason.ISSUED_BEFORE_START, RejectReason.REPLAY_STORE_FULL);

    private final FlowServices parts;
    private final ListenerProfile entrance;
    private final DuplexChannel inbound;
    private final InboundBuffer inbox;
    private final Account accepted;
    private final long number;
    private final Instant acceptedAt;
    private final long acceptedNanos = System.nanoTime();

    private volatile FlowView.Stage stage = FlowView.Stage.ARRIVING;
    private volatile @Nullable AcceptedConnection arrival;
    private volatile @Nullable SocketIdentity kernel;
    private volatile @Nullable Peer headerOf;
    private volatile @Nullable Verification verification;
    private volatile @Nullable Originator originator;
    private volatile @Nullable Decision decision;
    private volatile @Nullable NextHop next;
    private volatile @Nullable UpstreamConnector onward;
    private @Nullable UpstreamConnection opened;
    private volatile @Nullable Relay relay;
    private volatile @Nullable CloseResult stopped;
    /** Whether the agent still waits for the answer, which is sent once and before any byte of the flow. */
    private boolean awaitsAnswer;
    /** A connection that is lost within its header has a reason of its own, which counts against its peer. */
    private boolean readingHeader;

    private volatile Optional<String> hostName = Optional.empty();
    private Optional<Bytes> handle = Optional.empty();
    private volatile List<Opening> closedDetails = List.of();

    /**
     * A flow on {@code inbound}, whose first handler is {@code inbox} and whose reading is off.
     *
     * @param accepted the account whose turn the connection used when it was accepted
     */
    public Flow(
            FlowServices parts,
            ListenerProfile entrance,
            DuplexChannel inbound,
            InboundBuffer inbox,
            Account accepted) {
        this.parts = parts;
        this.entrance = entrance;
        this.inbound = inbound;
        this.inbox = inbox;
        this.accepted = accepted;
        this.number = parts.table().nextNumber();
        this.acceptedAt = parts.clock().instant();
        this.awaitsAnswer = entrance.begins() instanceof ListenerProfile.Preamble.HandedOverHeader;
    }

    /** Lives this flow. */
    public void run() {
        parts.table().add(this);
        inbox.onFailure(this::lost);
        CompletableFuture.completedFuture(inbound)
                .thenApply(this::intercepted)
                .thenCompose(this::identified)
                .thenCompose(this::originated)
                .thenCompose(this::inTurn)
                .thenApply(this::permitted)
                .thenCompose(this::connected)
                .thenCompose(this::announced)
                .thenCompose(this::answered)
                .thenCompose(this::relayed)
                .whenComplete(this::closed);
    }

    /** Where it comes from and where it was going, as the kernel has it. */
    private AcceptedConnection intercepted(DuplexChannel connection) {
        AcceptedConnection found = entrance.arrivals().of(connection);
        arrival = found;
        found.connection()
                .flatMap(socket -> entrance.begins().objection(socket.source().getAddress()))
                .ifPresent(objection -> {
                    throw objection;
                });
        if (parts.table().isOverfull()) {
            throw new FlowRejectedException(
                    CloseReason.TOO_MANY_FLOWS, parts.table().size() - 1 + " flows are open");
        }
        return found;
    }

    /** Who holds the other end, as far as this host's kernel can say. */
    private CompletableFuture<AcceptedConnection> identified(AcceptedConnection found) {
        if (!found.local()) {
            return CompletableFuture.completedFuture(found);
        }
        stage = FlowView.Stage.IDENTIFYING;
        return owner(found)
                .thenApplyAsync(
                        owner -> {
                            checkNotStopped();
                            isStillItsOwn();
                            kernel = owner;
                            entrance.ownerRule().objection(owner).ifPresent(objection -> {
                                throw objection;
                            });
                            return found;
                        },
                        inbound.eventLoop());
    }

    /**
     * The kernel names who connected last with these addresses. That can be another process than the one whose connection this is
     * only if this connection was reset before: then nobody is named for it.
     */
    private void isStillItsOwn() {
        if (TcpState.isClosed(inbound)) {
            throw new FlowRejectedException(CloseReason.INBOUND_RESET, "while " + stage);
        }
    }

    private CompletableFuture<SocketIdentity> owner(AcceptedConnection found) {
        return switch (found) {
            case AcceptedConnection.Tcp tcp -> parts.identifier().identify(tcp.socket());
            case AcceptedConnection.Unix unix -> parts.identifier().identify(unix.peer());
        };
    }

    /** Who opened it: what a verified header says, or, on the first hop, what the kernel or a believed peer said. */
    private CompletableFuture<Originator> originated(AcceptedConnection found) {
        return switch (entrance.begins()) {
            case ListenerProfile.Preamble.Payload payload -> {
                SocketIdentity owner = kernel;
                if (owner == null) {
                    throw new IllegalStateException("a transparent listener asks the kernel");
                }
                yield CompletableFuture.completedFuture(
                        begun(found.way(), found.tcp().asked(), owner.identity()));
            }
            case ListenerProfile.Preamble.BelievedHeader believed ->
                headerRead(found).thenApply(header -> told(found.tcp(), header));
            case ListenerProfile.Preamble.HandedOverHeader handedOver ->
                headerRead(found).thenApply(this::handedOver);
            case ListenerProfile.Preamble.SignedHeader signed ->
                headerRead(found).thenApply(header -> verified(found.tcp(), header));
        };
    }

    private Originator begun(InterceptionMethod wayIn, Tuple flow, ProcessIdentity identity) {
        FlowId id = new FlowId(parts.random().nextLong(), parts.random().nextLong());
        Instant now = Instant.ofEpochMilli(parts.clock().millis());
        Originator who = new Originator(parts.host(), id, now, flow, wayIn, identity);
        originator = who;
        return who;
    }

    private CompletableFuture<Header> headerRead(AcceptedConnection found) {
        stage = FlowView.Stage.VERIFYING;
        Peer peer = Peer.of(found, userOf(found));
        parts.headerFailures().objection(peer).ifPresent(objection -> {
            throw objection;
        });
        HalfOpenHeaders.Lease place = parts.halfOpenHeaders()
                .take(peer)
                .orElseThrow(() -> new FlowRejectedException(CloseReason.HEADER_BUDGET, "peer " + peer));
        headerOf = peer;
        HeaderReader reader = entrance.begins().reader(parts.headerLimits());
        readingHeader = true;
        return HeaderReceiver.read(inbound, inbox, reader, parts.headerTimeout(), place.lost())
                .handle((header, problem) -> {
                    readingHeader = false;
                    place.close();
                    if (header != null) {
                        return header;
                    }
                    Throwable cause = problem instanceof CompletionException wrapped ? wrapped.getCause() : problem;
                    throw cause instanceof HeaderReceiver.EndedSilently silent
                            ? endedSilently(found, peer, silent)
                            : new CompletionException(cause);
                });
    }

    /** The user whose headers are counted: several users of this host share its addresses. */
    private OptionalInt userOf(AcceptedConnection found) {
        SocketIdentity owner = kernel;
        if (owner != null) {
            return owner.uid();
        }
        Optional<Tuple> connection = found.connection();
        OptionalInt user = connection.isPresent() ? parts.identifier().user(connection.get()) : OptionalInt.empty();
        // A connection that was reset counts for its address: another user's may have the same ends by now.
        return TcpState.isClosed(inbound) ? OptionalInt.empty() : user;
    }

    /**
     * What it means that a connection ended without a byte. Load balancers and proxies ask so whether a server answers, and
     * a previous hop ends so when its application gives up: this says nothing of their headers, and to count it would shut
     * the whole peer out. Strangers count for it: otherwise they could take places for unfinished headers without end, and
     * leave each in time.
     */
    private FlowRejectedException endedSilently(AcceptedConnection found, Peer peer, FlowRejectedException end) {
        boolean believed = entrance.begins() instanceof ListenerProfile.Preamble.BelievedHeader;
        if (believed || (found instanceof AcceptedConnection.Tcp tcp && isHealthChecker(tcp))) {
            return new FlowRejectedException(CloseReason.HEALTH_CHECK, end.detail());
        }
        if (!entrance.ownerRule().equals(ListenerProfile.OwnerRule.ANYONE)
                || parts.halfOpenHeaders().isProven(peer)) {
            headerOf = null;
        }
        return end;
    }

    /** What a believed proxy says; nobody knows the process. */
    private Originator told(AcceptedConnection.Tcp found, Header header) {
        checkNotStopped();
        endHealthCheck(found, header);
        if (header.tuple().isEmpty()) {
            // What its clients are like, and that it checks health, isn't a failure of the proxy.
            headerOf = null;
        }
        Tuple flow = UnsignedHeader.flow(header, found.socket(), parts.chainTlv());
        return begun(
                found.way(), flow, parts.identifier().behindProxy(flow.source().getAddress()));
    }

    /** What an agent says, which was allowed to before a byte of it was read. */
    private Originator handedOver(Header header) {
        checkNotStopped();
        BridgeHandover said = BridgeHandover.of(header);
        parts.halfOpenHeaders().verified(Objects.requireNonNull(headerOf));
        hostName = said.hostName();
        handle = said.handle();
        return begun(said.wayIn(), said.flow(), said.process());
    }

    private void endHealthCheck(AcceptedConnection.Tcp found, Header header) {
        if (header.command() == Header.Command.LOCAL && isHealthChecker(found)) {
            throw new FlowRejectedException(CloseReason.HEALTH_CHECK, "");
        }
    }

    private Originator verified(AcceptedConnection.Tcp found, Header header) {
        checkNotStopped();
        endHealthCheck(found, header);
        Verification answer = parts.authority()
                .get()
                .verifier()
                .verify(header, found.socket(), parts.clock().instant());
        verification = answer;
        tell(() -> parts.events().verified(answer));
        return switch (answer) {
            case Verification.Rejected rejected -> {
                if (BECAUSE_OF_THIS_HOP.contains(rejected.reason())) {
                    headerOf = null;
                }
                throw new FlowRejectedException(
                        CloseReason.HEADER_REJECTED, rejected.reason() + ": " + rejected.detail());
            }
            case Verification.Verified verified -> {
                Originator who = verified.originator();
                InetSocketAddress destination = who.tuple().destination();
                // The kernel says where an intercepted connection was going: a header can't send it elsewhere.
                if (entrance.intercepting() && !destination.equals(found.asked().destination())) {
                    throw new FlowRejectedException(
                            CloseReason.DESTINATION_MISMATCH,
                            "the kernel says " + Tuple.text(found.asked().destination()) + ", the origin "
                                    + Tuple.text(destination));
                }
                HopId last = verified.links().getLast().hop();
                if (entrance.previousHop().map(hop -> !hop.equals(last)).orElse(false)) {
                    throw new FlowRejectedException(
                            CloseReason.OWNER_MISMATCH, "the header comes from another hop than the connection");
                }
                parts.halfOpenHeaders().verified(Objects.requireNonNull(headerOf));
                originator = who;
                yield who;
            }
        };
    }

    /** Whether the destination means the originator's own host or network: here the same address is somebody else. */
    private boolean isOnlyReachableThere(Originator who) {
        return !who.host().equals(parts.host())
                && UnsignedHeader.meansItsHost(who.tuple().destination().getAddress());
    }

    private boolean isHealthChecker(AcceptedConnection.Tcp found) {
        return parts.healthCheckers().stream()
                .anyMatch(cidr -> cidr.contains(found.socket().source().getAddress()));
    }

    /** Up to here little was done for it. What comes now is done for users in turns; this may be its user's already. */
    private CompletableFuture<Originator> inTurn(Originator who) {
        Account account = parts.budget().account(who);
        if (account.isSameUser(accepted)) {
            return CompletableFuture.completedFuture(who);
        }
        CompletableFuture<Void> turn = parts.arrivals().turn(loop(), account, FairQueue.Work.FLOW, this::isEnded);
        if (turn.isDone() && !turn.isCompletedExceptionally()) {
            return CompletableFuture.completedFuture(who);
        }
        stage = FlowView.Stage.WAITING;
        return turn.handleAsync(
                (_, refused) -> {
                    if (refused != null) {
                        throw new CompletionException(refused);
                    }
                    checkNotStopped();
                    return who;
                },
                loop());
    }

    /** Applies the policy and chooses the route. Done once: a reloaded policy applies to later flows. */
    private UpstreamConnector permitted(Originator who) {
        RoutingTable directions = parts.directions().get();
        Decision said = directions.policy().decide(new PolicyRequest(who, hostName));
        decision = said;
        tell(() -> parts.events().decided(said));
        Route route = directions.route(said);
        next = route.next();
        if (route.next() instanceof NextHop.Destination && isOnlyReachableThere(who)) {
            throw new FlowRejectedException(
                    CloseReason.DESTINATION_NOT_HERE,
                    Tuple.text(who.tuple().destination()) + " of host " + who.host() + " isn't that of this one");
        }
        UpstreamConnector way = new UpstreamConnector(
                parts, this, who, route, directions.limits(said), hostName, handle, reached -> stage = reached);
        onward = way;
        return way;
    }

    /**
     * A place among the flows of this hop and on a transport, by the true originator's share, whoever connected to this hop; and a
     * connection to the next hop or the destination.
     */
    private CompletableFuture<UpstreamConnection> connected(UpstreamConnector way) {
        return way.open().thenApply(connection -> {
            opened = connection;
            checkNotStopped();
            return connection;
        });
    }

    /** The header with this hop's own link, in one write, before any byte and without waiting for one. */
    private CompletableFuture<DuplexChannel> announced(UpstreamConnection connection) {
        NextHop to = Objects.requireNonNull(next);
        if (to.audience().isEmpty() || Objects.requireNonNull(onward).spareHeader(connection)) {
            return CompletableFuture.completedFuture(connection.channel());
        }
        Tuple addresses = connection
                .addresses()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.START_FAILED, "the agent doesn't say the addresses that a header is signed for"));
        OutgoingChain announcement = new OutgoingChain(
                parts,
                to,
                Objects.requireNonNull(originator),
                Objects.requireNonNull(arrival),
                verification instanceof Verification.Verified received ? Optional.of(received) : Optional.empty());
        UnsignedChain chain = announcement.by(addresses);
        closedDetails = chain.closed();
        return parts.batchSigner()
                .sign(inbound.eventLoop(), chain)
                .thenCompose(signed -> written(connection.channel(), signed));
    }

    private CompletableFuture<DuplexChannel> written(DuplexChannel channel, Chain signed) {
        checkNotStopped();
        Bytes header = parts.chainTlv()
                .header(signed)
                .orElseThrow(() -> new IllegalStateException("a chain that fits has a header"));
        return written(
                        channel,
                        header,
                        new FlowRejectedException(CloseReason.OUTBOUND_RESET, "before it had the header"))
                .thenApply(done -> channel);
    }

    /** Tells an agent that the upstream connection is open: the flow's bytes follow. */
    private CompletableFuture<DuplexChannel> answered(DuplexChannel channel) {
        if (!awaitsAnswer) {
            return CompletableFuture.completedFuture(channel);
        }
        checkNotStopped();
        awaitsAnswer = false;
        FlowRejectedException gone = new FlowRejectedException(CloseReason.INBOUND_RESET, "before it had its answer");
        return written(inbound, new BridgeAnswer.Connected().encode(), gone).thenApply(done -> channel);
    }

    private static CompletableFuture<Void> written(Channel to, Bytes bytes, FlowRejectedException otherwise) {
        CompletableFuture<Void> written = new CompletableFuture<>();
        to.writeAndFlush(Unpooled.wrappedBuffer(bytes.toByteArray())).addListener(done -> {
            if (done.isSuccess()) {
                written.complete(null);
            } else {
                written.completeExceptionally(otherwise);
            }
        });
        return written;
    }

    /** Bytes both ways, until there are no more. */
    private CompletableFuture<RelayResult> relayed(DuplexChannel channel) {
        checkNotStopped();
        stage = FlowView.Stage.RELAYING;
        UpstreamConnector way = Objects.requireNonNull(onward);
        Relay running = new Relay(
                inbound,
                channel,
                new RelayTimeouts(
                        parts.idleTimeout(),
                        parts.halfClosedTimeout(),
                        parts.tcp().userTimeout(),
                        way.tcp().userTimeout()),
                parts.buffers());
        relay = running;
        way.activate();
        tell(() -> parts.events().opened(view()));
        return running.start();
    }

    /** The end, whatever it was: one reason, in the log, the metrics and nowhere else. */
    private void closed(@Nullable RelayResult end, @Nullable Throwable problem) {
        if (stage == FlowView.Stage.CLOSED) {
            giveBackLate();
            return;
        }
        CloseResult ending = ending(end, problem);
        Peer peer = headerOf;
        if (peer != null) {
            parts.headerFailures().ended(peer, ending.reason());
        }
        try {
            if (relay == null) {
                closeBoth(ending.reason());
            }
        } finally {
            leave(ending);
        }
    }

    /** A place or a connection may have been on its way when the flow was ended. */
    private void giveBackLate() {
        UpstreamConnector way = onward;
        if (way != null) {
            way.leave(false);
        }
        UpstreamConnection late = opened;
        if (late != null) {
            Relay.reset(late.channel());
        }
    }

    /** Releases the lease, removes the flow from the table and notifies listeners, even if releasing fails. */
    private void leave(CloseResult ending) {
        UpstreamConnector way = onward;
        try {
            if (way != null) {
                way.leave(keepsPort(ending));
            }
        } finally {
            parts.table().remove(this);
            FlowView last = view();
            stage = FlowView.Stage.CLOSED;
            tell(() -> parts.events().closed(last, ending));
        }
    }

    private boolean keepsPort(CloseResult ending) {
        Relay running = relay;
        return running != null && ending.reason() == CloseReason.COMPLETED && running.hasInboundEndedFirst();
    }

    /** Refused before it stood: the application is to feel it at once, as a reset, and not wait for an answer. */
    private void closeBoth(CloseReason reason) {
        closeInbound(reason);
        UpstreamConnection other = opened;
        if (other != null) {
            Relay.reset(other.channel());
        }
    }

    private void closeInbound(CloseReason reason) {
        if (awaitsAnswer && inbound.isActive()) {
            awaitsAnswer = false;
            Bytes answer = new BridgeAnswer.Failed(reason.toString()).encode();
            inbound.writeAndFlush(Unpooled.wrappedBuffer(answer.toByteArray()))
                    .addListener(ChannelFutureListener.CLOSE);
        } else if (reason == CloseReason.HEALTH_CHECK) {
            StreamOptions.closeInOrder(inbound);
            inbound.close();
        } else {
            Relay.reset(inbound);
        }
    }

    /** Notifies the event listeners. A listener that fails does not stop the flow. */
    private void tell(Runnable event) {
        try {
            event.run();
        } catch (RuntimeException e) {
            LOG.error("flow {}: event listener failed", number, e);
        }
    }

    private CloseResult ending(@Nullable RelayResult end, @Nullable Throwable problem) {
        CloseResult asked = stopped;
        if (asked != null && (end == null || end == RelayResult.ABORTED)) {
            return asked;
        }
        if (end != null) {
            return new CloseResult(CloseReason.of(end), "");
        }
        Throwable cause = problem instanceof CompletionException wrapped ? wrapped.getCause() : problem;
        if (cause instanceof FlowRejectedException refused) {
            return new CloseResult(refused.reason(), refused.detail());
        }
        LOG.error("flow {} failed in stage {}", number, stage, cause);
        return new CloseResult(CloseReason.INTERNAL_ERROR, String.valueOf(cause));
    }

    /** Ends this flow with {@code reason}, wherever on its line it is. */
    void stop(CloseReason reason) {
        stop(new CloseResult(reason, ""));
    }

    void stop(CloseResult ending) {
        inbound.eventLoop().execute(() -> end(ending));
    }

    /** Returns the memory of what it has read and not yet sent, in bytes. May be called from any thread. */
    int heldBytes() {
        Relay running = relay;
        return running == null || stage == FlowView.Stage.CLOSED ? 0 : running.heldBytes();
    }

    boolean isClosed() {
        return stage == FlowView.Stage.CLOSED;
    }

    /** Returns who opened it, once that is known. May be called from any thread. */
    Optional<Originator> originator() {
        return Optional.ofNullable(originator);
    }

    /** Ends it at once: nothing that it waits for, a lookup, a place, a connection or a signature, holds it up. */
    private void end(CloseResult ending) {
        if (stopped != null || stage == FlowView.Stage.CLOSED) {
            return;
        }
        stopped = ending;
        Relay running = relay;
        if (running != null) {
            running.abort();
            return;
        }
        closeInbound(ending.reason());
        UpstreamConnector way = onward;
        if (way != null) {
            way.giveUp();
        }
        closed(null, null);
    }

    /** The side that opened it is gone before a byte was relayed: nobody is there for whom to wait or to connect. */
    private boolean lost(Throwable cause) {
        if (relay != null || readingHeader) {
            return false;
        }
        CloseReason reason = switch (PeerLoss.of(cause)) {
            case RESET -> CloseReason.INBOUND_RESET;
            case TIMEOUT -> CloseReason.INBOUND_TIMEOUT;
        };
        end(new CloseResult(reason, "while " + stage));
        return true;
    }

    /** When a byte of it moved last, by {@link System#nanoTime}; now, as long as none can. Any thread may ask. */
    long movedNanos() {
        Relay running = relay;
        return running == null ? System.nanoTime() : running.movedNanos();
    }

    EventLoop loop() {
        return inbound.eventLoop();
    }

    /** Returns whether nothing is to be done for it any more. */
    boolean isEnded() {
        return stopped != null || stage == FlowView.Stage.CLOSED;
    }

    /** Throws if the flow was stopped while it waited for an answer. */
    void checkNotStopped() {
        CloseResult asked = stopped;
        if (asked != null) {
            throw new FlowRejectedException(asked.reason(), asked.detail());
        }
    }

    long number() {
        return number;
    }

    /** This flow now. */
    public FlowView view() {
        Relay running = relay;
        return new FlowView(
                number,
                entrance.listener(),
                stage,
                acceptedAt,
                Duration.ofNanos(System.nanoTime() - acceptedNanos),
                Optional.ofNullable(arrival),
                Optional.ofNullable(kernel),
                Optional.ofNullable(verification),
                Optional.ofNullable(originator),
                Optional.ofNullable(decision),
                Optional.ofNullable(next),
                Optional.ofNullable(onward).flatMap(UpstreamConnector::over),
                closedDetails,
                running == null ? 0 : running.bytesToOutbound(),
                running == null ? 0 : running.bytesToInbound());
    }
}
