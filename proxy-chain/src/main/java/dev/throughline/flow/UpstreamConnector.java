package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import dev.throughline.budget.Caps;
import dev.throughline.budget.Lease;
import dev.throughline.budget.LeaseRequest;
import dev.throughline.budget.LimitClass;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Originator;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.TcpTimeouts;
import dev.throughline.transport.ConnectAttempt;
import dev.throughline.transport.ConnectFailedException;
import dev.throughline.transport.ConnectRequest;
import dev.throughline.transport.Transport;
import dev.throughline.transport.UpstreamConnection;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A flow's way onwards: a place and a connection, over the first transport of its route that has one and can start the other. A
 * start that fails or hangs is given up; its place stays taken until the system has let go of it, and the flow asks for one on
 * the transports that follow. Everything happens on the flow's event loop.
 */
final class UpstreamConnector {
    /** On one host the kernel uses a port again after that, as timestamps tell the two connections apart (tcp_tw_reuse, ip-sysctl). */
    private static final Duration LOOPBACK_PORT_KEPT = Duration.ofSeconds(1);

    private final FlowServices parts;
    private final Flow flow;
    private final Originator who;
    private final Route route;
    private final LimitClass limits;
    private final Optional<String> hostName;
    private final Optional<Bytes> handle;
    private final Consumer<FlowView.Stage> stages;
    private final long since = System.nanoTime();
    private ImmutableList<String> left;
    private volatile @Nullable Transport transport;
    private @Nullable InetSocketAddress address;
    private @Nullable Lease port;
    private @Nullable Lease lease;
    private @Nullable ConnectAttempt start;

    /**
     * A way for {@code flow}.
     *
     * @param who counts for it
     * @param hostName the destination's, if it is known
     * @param handle by which an agent knows the flow
     * @param stages is notified of each stage
     */
    UpstreamConnector(
            FlowServices parts,
            Flow flow,
            Originator who,
            Route route,
            LimitClass limits,
            Optional<String> hostName,
            Optional<Bytes> handle,
            Consumer<FlowView.Stage> stages) {
        this.parts = parts;
        this.flow = flow;
        this.who = who;
        this.route = route;
        this.limits = limits;
        this.hostName = hostName;
        this.handle = handle;
        this.stages = stages;
        this.left = route.over();
    }

    /** The connection, or {@link FlowRejectedException}. */
    CompletableFuture<UpstreamConnection> open() {
        String ports = FlowBudget.portsTo(route.next().name());
        if (!parts.budget().has(ports)) {
            return open(Optional.empty());
        }
        stages.accept(FlowView.Stage.WAITING);
        LeaseRequest ask = new LeaseRequest(
                parts.budget().account(who),
                Accounts.destination(who, hostName),
                new LimitClass(ports, Caps.OPEN, false, limits.longestWait()),
                List.of(List.of(ports)),
                since,
                System::nanoTime);
        return parts.budget().lease(flow, who.host(), ask, Optional.empty()).thenCompose(given -> {
            port = given;
            flow.checkNotStopped();
            return open(Optional.empty());
        });
    }

    private CompletableFuture<UpstreamConnection> open(Optional<Lease> givenUp) {
        stages.accept(FlowView.Stage.WAITING);
        LeaseRequest ask = new LeaseRequest(
                parts.budget().account(who),
                Accounts.destination(who, hostName),
                limits,
                left.stream().map(this::way).toList(),
                since,
                flow::movedNanos);
        return parts.budget().lease(flow, who.host(), ask, givenUp).thenCompose(this::start);
    }

    /** The pools that a flow takes a place of. */
    private List<String> way(String over) {
        String next = FlowBudget.toHop(route.next().name());
        return parts.budget().has(next) ? List.of(FlowBudget.HOP, over, next) : List.of(FlowBudget.HOP, over);
    }

    private CompletableFuture<UpstreamConnection> start(Lease given) {
        lease = given;
        flow.checkNotStopped();
        stages.accept(FlowView.Stage.CONNECTING);
        int which = given.way();
        Transport over = parts.transports().get(left.get(which));
        if (over == null) {
            throw new IllegalStateException("a route goes over " + left.get(which) + ", which isn't there");
        }
        left = left.subList(which + 1, left.size());
        transport = over;
        ConnectAttempt started = over.start(
                flow.loop(),
                new ConnectRequest(address(), given.ask().who(), handle, route.tcp()),
                new InboundBuffer());
        start = started;
        return started.opened()
                .handle((opened, problem) ->
                        opened == null ? otherwise(problem, given) : CompletableFuture.completedFuture(opened))
                .thenCompose(next -> next);
    }

    private InetSocketAddress address() {
        InetSocketAddress chosen = address;
        if (chosen == null) {
            chosen = route.next().address(who.tuple().destination());
            address = chosen;
        }
        return chosen;
    }

    /** What becomes of a flow whose start failed. */
    private CompletableFuture<UpstreamConnection> otherwise(@Nullable Throwable problem, Lease given) {
        flow.checkNotStopped();
        ConnectFailedException why = why(problem);
        boolean another = why.blame() == ConnectFailedException.Blame.TRANSPORT
                || why.reason().equals(ConnectFailedException.START_TIMEOUT);
        if (!another || left.isEmpty() || !limits.fallsOver()) {
            throw refusal(why);
        }
        parts.budget().fellOver(transportName(), why.reason());
        leaveTransport();
        return open(Optional.of(given));
    }

    private static ConnectFailedException why(@Nullable Throwable problem) {
        Throwable cause = problem instanceof CompletionException wrapped ? wrapped.getCause() : problem;
        if (cause instanceof ConnectFailedException why) {
            return why;
        }
        throw new IllegalStateException("a start failed in an unknown way", cause);
    }

    private FlowRejectedException refusal(ConnectFailedException why) {
        if (why.isShortage()) {
            parts.budget().shortages().onward(transportName(), why.reason(), why.detail());
            if (why.reason().equals(ConnectFailedException.NO_PORTS) && route.next() instanceof NextHop.At at) {
                parts.budget().shortages().ports(at.name(), why.detail());
            }
        }
        CloseReason reason = why.blame() == ConnectFailedException.Blame.TRANSPORT
                ? ofTransport(why.reason())
                : switch (why.reason()) {
                    case "connect-timeout", ConnectFailedException.START_TIMEOUT -> CloseReason.CONNECT_TIMEOUT;
                    case "connect-unreachable" -> CloseReason.CONNECT_UNREACHABLE;
                    case "connect-refused" -> CloseReason.CONNECT_REFUSED;
                    default -> CloseReason.CONNECT_FAILED;
                };
        if (reason == CloseReason.START_FAILED) {
            return new FlowRejectedException(reason, transportName() + ": " + why.text());
        }
        if (why.isShortage()) {
            return new FlowRejectedException(reason, "to " + Tuple.text(address()) + ": " + why.detail());
        }
        // On the way to a hop that intercepts, only that hop can accept or refuse: the destination isn't asked yet.
        String whom = route.next() instanceof NextHop.ByInterception by
                ? "hop " + by.name() + " didn't intercept the connection to " + Tuple.text(address())
                : route.next().name() + " at " + Tuple.text(address());
        return new FlowRejectedException(reason, whom + ": " + why.detail());
    }

    private static CloseReason ofTransport(String reason) {
        return switch (reason) {
            case ConnectFailedException.NO_DESCRIPTORS -> CloseReason.NO_DESCRIPTORS;
            case ConnectFailedException.NO_PORTS -> CloseReason.NO_PORTS;
            default -> CloseReason.START_FAILED;
        };
    }

    private String transportName() {
        Transport over = transport;
        return over == null ? "" : over.name();
    }

    /** When the other end of its connection is given up. */
    TcpTimeouts tcp() {
        return route.tcp();
    }

    /** Bytes move from now on. */
    void activate() {
        Lease given = lease;
        if (given != null) {
            parts.budget().activate(given);
        }
    }

    /** Nobody wants the connection any more. */
    void giveUp() {
        parts.budget().giveUp(flow);
        ConnectAttempt started = start;
        if (started != null) {
            started.giveUp();
        }
    }

    /**
     * The flow is over here.
     *
     * @param keepsPort whether this hop ended its output first, so that the kernel keeps the port for a time (TIME_WAIT, RFC 9293,
     *     section 3.6.1)
     */
    void leave(boolean keepsPort) {
        Lease given = port;
        port = null;
        if (given != null && keepsPort) {
            parts.budget().releaseAfter(given, portKept());
        } else if (given != null) {
            parts.budget().release(given);
        }
        leaveTransport();
    }

    private Duration portKept() {
        return address().getAddress().isLoopbackAddress() ? LOOPBACK_PORT_KEPT : parts.portsKept();
    }

    /** Its place is free when the system has let go of the connection. */
    private void leaveTransport() {
        Lease given = lease;
        ConnectAttempt started = start;
        lease = null;
        start = null;
        if (given == null) {
            return;
        }
        if (started == null) {
            parts.budget().release(given);
        } else {
            started.released().whenComplete((free, problem) -> parts.budget().release(given));
        }
    }

    /** Over which it goes, as far as that is known. Any thread may ask. */
    Optional<String> over() {
        return Optional.ofNullable(transport).map(Transport::name);
    }

    /** Returns whether the system tells the next hop who opened the flow, so that no header is needed. */
    boolean spareHeader(UpstreamConnection opened) {
        Transport over = transport;
        return over != null
                && over.isHeaderOptional()
                && opened.carried()
                && route.next() instanceof NextHop.ByInterception;
    }
}
