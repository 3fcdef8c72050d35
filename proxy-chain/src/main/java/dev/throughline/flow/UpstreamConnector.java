package dev.throughline.flow;

import dev.throughline.budget.Account;
import dev.throughline.budget.Caps;
import dev.throughline.budget.Lease;
import dev.throughline.budget.LeaseRequest;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.Ticket;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Originator;
import dev.throughline.transport.ConnectAttempt;
import dev.throughline.transport.ConnectFailedException;
import dev.throughline.transport.ConnectFailure;
import dev.throughline.transport.ConnectRequest;
import dev.throughline.transport.ConnectResult;
import dev.throughline.transport.Transport;
import dev.throughline.transport.UpstreamConnection;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The step that opens the upstream connection of a flow: it gets a lease and connects over the first transport of the route
 * that has a free slot and succeeds. An attempt that fails or hangs is cancelled. Its slot stays in use until the system has
 * released the connection, while the flow requests a slot on the remaining transports. Everything happens on the flow's event
 * loop.
 */
final class UpstreamConnector implements FlowBudget.LeaseListener, ConnectResult, LongSupplier {
    /**
     * On one host the kernel reuses a port after this time, as timestamps tell the two connections apart (tcp_tw_reuse,
     * ip-sysctl).
     */
    private static final Duration LOOPBACK_PORT_KEPT = Duration.ofSeconds(1);

    private final FlowServices services;
    private final Flow flow;
    private final Originator originator;
    private final Route route;
    private final LimitClass limits;
    private final Account account;
    private final String destination;
    private final Optional<Bytes> handle;
    private final long since = System.nanoTime();
    private final FlowBudget.RoutePools pools;
    /** The number of transports of the route that were tried, or passed over. */
    private int tried;

    private volatile @Nullable Transport transport;
    private @Nullable InetSocketAddress address;
    private @Nullable Ticket ticket;
    private boolean needsPort;
    private @Nullable Lease portLease;
    private @Nullable Lease lease;
    private @Nullable ConnectAttempt attempt;
    private boolean starting;
    /** The result of an attempt that came before the attempt was known here. */
    private @Nullable Runnable early;

    /**
     * Creates a connector for {@code flow}. {@link #open} starts it.
     *
     * @param flow gets the connection, or the reason why there is none: {@link Flow#connected}, {@link Flow#failed}
     * @param originated what is known of the flow
     * @param account the account of its originator
     */
    UpstreamConnector(
            FlowServices services,
            Flow flow,
            FlowStage.Originated originated,
            Account account,
            Route route,
            LimitClass limits) {
        this.services = services;
        this.flow = flow;
        this.originator = originated.originator();
        this.route = route;
        this.limits = limits;
        this.account = account;
        this.destination = limits.caps().isOpen() ? "" : Accounts.destination(originator, originated.hostName());
        this.handle = originated.handle();
        this.pools = services.budget().pools(route);
    }

    /** Starts to open a connection. */
    void open() {
        needsPort = !pools.ports().isEmpty();
        if (needsPort) {
            String name = pools.ports().getFirst().getFirst();
            request(new LimitClass(name, Caps.OPEN, false, limits.longestWait()), pools.ports(), Optional.empty());
        } else {
            requestSlot(Optional.empty());
        }
    }

    private void requestSlot(Optional<Lease> givenUp) {
        List<List<String>> all = pools.slots();
        request(limits, tried == 0 ? all : all.subList(tried, all.size()), givenUp);
    }

    private void request(LimitClass by, List<List<String>> alternatives, Optional<Lease> givenUp) {
        flow.connecting(FlowView.Stage.WAITING);
        LeaseRequest request =
                new LeaseRequest(account, destination, by, alternatives, since, needsPort ? System::nanoTime : this);
        Optional<Ticket> waiting = services.budget().lease(flow, originator.host(), request, givenUp, this);
        if (waiting.isPresent()) {
            ticket = waiting.get();
        }
    }

    /** Returns when the flow last moved a byte. */
    @Override
    public long getAsLong() {
        return flow.movedNanos();
    }

    @Override
    public void refused(FlowRejectedException why) {
        ticket = null;
        flow.failed(why);
    }

    @Override
    public void granted(Lease granted) {
        ticket = null;
        if (flow.isEnded()) {
            services.budget().release(granted);
        } else if (needsPort) {
            needsPort = false;
            portLease = granted;
            requestSlot(Optional.empty());
        } else {
            lease = granted;
            try {
                start();
            } catch (RuntimeException | Error e) {
                flow.failed(e);
            }
        }
    }

    private void start() {
        Lease granted = Objects.requireNonNull(lease);
        flow.connecting(FlowView.Stage.CONNECTING);
        String chosen = route.over().get(tried + granted.alternative());
        Transport over = services.transports().get(chosen);
        if (over == null) {
            throw new IllegalStateException("a route names transport " + chosen + ", which doesn't exist");
        }
        tried += granted.alternative() + 1;
        transport = over;
        ConnectRequest request = new ConnectRequest(address(), granted.request().account(), handle);
        starting = true;
        attempt = over.start(flow.loop(), request, this);
        starting = false;
        Runnable result = early;
        if (result != null) {
            early = null;
            result.run();
        }
    }

    @Override
    public void opened(UpstreamConnection opened) {
        if (starting) {
            early = () -> opened(opened);
        } else if (flow.isEnded()) {
            opened.connection().close();
            finish(false);
        } else {
            flow.connected(opened);
        }
    }

    @Override
    public void failed(ConnectFailedException why) {
        if (starting) {
            early = () -> failed(why);
            return;
        }
        try {
            onFailure(why);
        } catch (RuntimeException | Error e) {
            flow.failed(e);
        }
    }

    private InetSocketAddress address() {
        InetSocketAddress chosen = address;
        if (chosen == null) {
            chosen = route.next().address(originator.tuple().destination());
            address = chosen;
        }
        return chosen;
    }

    /** Tries the next transport if that can help. Otherwise the flow ends. */
    private void onFailure(ConnectFailedException failed) {
        if (flow.isEnded()) {
            return;
        }
        if (!failed.failure().allowsAnotherTransport() || tried == route.over().size() || !limits.fallsOver()) {
            throw rejection(failed);
        }
        services.budget().fellOver(transportName().orElse(""), failed);
        Optional<Lease> givenUp = Optional.ofNullable(lease);
        releaseTransport();
        requestSlot(givenUp);
    }

    private FlowRejectedException rejection(ConnectFailedException failed) {
        ConnectFailure failure = failed.failure();
        if (failure.isShortage()) {
            HostShortages shortages = services.budget().shortages();
            shortages.upstream(transportName().orElse(""), failure, failed.detail());
            if (failure == ConnectFailure.NO_PORTS && route.next() instanceof NextHop.At at) {
                shortages.ports(at.name(), failed.detail());
            }
        }
        return new FlowRejectedException(CloseReason.of(failure), closeDetail(failed));
    }

    private String closeDetail(ConnectFailedException failed) {
        if (CloseReason.of(failed.failure()) == CloseReason.START_FAILED) {
            return transportName().orElse("") + ": " + failed.text();
        }
        String to = Tuple.text(address());
        if (failed.failure().isShortage()) {
            return "to " + to + ": " + failed.detail();
        }
        // A hop that intercepts accepts or refuses the connection itself: the destination isn't involved yet.
        String peer = route.next() instanceof NextHop.ByInterception by
                ? "hop " + by.name() + " didn't intercept the connection to " + to
                : route.next().name() + " at " + to;
        return peer + ": " + failed.detail();
    }

    /** Marks the lease as relaying. */
    void activate() {
        Lease granted = lease;
        if (granted != null) {
            services.budget().activate(granted);
        }
    }

    /** Cancels a pending lease request or attempt. */
    void giveUp() {
        if (ticket != null) {
            services.budget().giveUp(ticket);
            ticket = null;
        }
        ConnectAttempt started = attempt;
        if (started != null) {
            started.giveUp();
        }
    }

    /**
     * Releases the leases of a flow that is over.
     *
     * @param keepsPort whether this hop ended its output first, so that the kernel keeps the port for a time (TIME_WAIT, RFC 9293,
     *     section 3.6.1)
     */
    void finish(boolean keepsPort) {
        Lease granted = portLease;
        portLease = null;
        if (granted != null && keepsPort) {
            services.budget().releaseAfter(granted, portKept());
        } else if (granted != null) {
            services.budget().release(granted);
        }
        releaseTransport();
    }

    private Duration portKept() {
        return address().getAddress().isLoopbackAddress()
                ? LOOPBACK_PORT_KEPT
                : services.settings().portsKept();
    }

    /** Releases the lease when the system has released the connection. */
    private void releaseTransport() {
        Lease granted = lease;
        ConnectAttempt started = attempt;
        lease = null;
        attempt = null;
        if (granted == null) {
            return;
        }
        if (started == null) {
            services.budget().release(granted);
        } else {
            started.whenReleased(new Release(services.budget(), granted));
        }
    }

    /** The release of a lease. Not a lambda, which is slow without the optimizing compiler: each flow has one. */
    private record Release(FlowBudget budget, Lease lease) implements Runnable {
        @Override
        public void run() {
            budget.release(lease);
        }
    }

    /** Returns the transport that was tried last, if any. Any thread may call. */
    Optional<String> transportName() {
        return Optional.ofNullable(transport).map(Transport::name);
    }

    /** Returns whether the system tells the next hop who opened the flow, so that no header is needed. */
    boolean canOmitHeader(UpstreamConnection opened) {
        Transport over = transport;
        return over != null
                && over.isHeaderOptional()
                && opened.carried()
                && route.next() instanceof NextHop.ByInterception;
    }
}
