package dev.throughline.intercept;

import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowView;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.platform.linux.Conntrack;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.SocketDiag;
import dev.throughline.platform.linux.SocketOwner;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets of applications that a reset by the hop can't reach. They are aborted, since they would otherwise wait
 * for ever: sockets of redirected connections whose conntrack entry is gone, and of captured connections that are still
 * open well after their flow has ended: {@code lo} was down, or the kernel gave up retransmitting, for which it sends
 * no reset.
 */
public final class StrandedSockets implements FlowEvents, MeterBinder, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StrandedSockets.class);

    /** Close reasons after which the application doesn't wait for anything. */
    private static final ImmutableSet<CloseReason> WITHOUT_WAIT =
            Sets.immutableEnumSet(CloseReason.COMPLETED, CloseReason.INBOUND_RESET, CloseReason.HEALTH_CHECK);

    /** How long to wait for a reset. Over {@code lo} it arrives within microseconds, unless the host is overloaded. */
    private static final Executor WHEN_RESETS_HAVE_ARRIVED =
            CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS);

    private final Conntrack conntrack;
    private final SocketDiag sockets;
    private final SocketDiag all;
    private final ForgottenSources forgotten;
    private final LongAdder aborted = new LongAdder();
    private volatile boolean failed;
    private volatile boolean closed;

    /** @param all used only to list all connections of the host, which takes long */
    public StrandedSockets(Conntrack conntrack, SocketDiag sockets, SocketDiag all) {
        this.conntrack = conntrack;
        this.sockets = sockets;
        this.all = all;
        this.forgotten = new ForgottenSources(sources -> attempt(() -> search(sources))).start();
    }

    /**
     * Returns the number of connections whose sockets weren't searched for because the queue was full. Their
     * applications may hang.
     */
    public long skipped() {
        return forgotten.refused();
    }

    /** Returns the number of aborted sockets. */
    public long aborted() {
        return aborted.sum();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.interception.aborted", this, StrandedSockets::aborted)
                .description("Sockets of applications that were aborted because no reset could reach them")
                .register(registry);
        FunctionCounter.builder("throughline.interception.abort.skipped", this, StrandedSockets::skipped)
                .description("Sockets of applications that were not searched for, because too many were queued")
                .register(registry);
    }

    @Override
    public void opened(Supplier<FlowView> flow) {}

    @Override
    public void closed(FlowView flow, CloseResult ending) {
        if (flow.connection().orElse(null) instanceof AcceptedConnection.Tcp connection
                && (connection.method() == InterceptionMethod.REDIRECT
                        || connection.method() == InterceptionMethod.TPROXY)) {
            attempt(() -> closed(connection, ending.reason()));
        }
    }

    private void closed(AcceptedConnection.Tcp connection, CloseReason reason) throws OsException {
        Tuple application = connection.original();
        if (connection.method() == InterceptionMethod.REDIRECT && !conntrack.knows(application)) {
            abort(application, "conntrack forgot that it was redirected");
        } else if (!WITHOUT_WAIT.contains(reason)) {
            Optional<SocketOwner> open = sockets.find(application).filter(SocketOwner::isOpen);
            // The socket is identified by its cookie, because another connection may have the same addresses by then.
            open.ifPresent(socket ->
                    WHEN_RESETS_HAVE_ARRIVED.execute(() -> attempt(() -> abortIfOpen(application, socket.cookie()))));
        }
    }

    private void abortIfOpen(Tuple application, long cookie) throws OsException {
        if (sockets.find(application)
                .filter(socket -> socket.isOpen() && socket.cookie() == cookie)
                .isPresent()) {
            abort(application, "no reset reached it");
        }
    }

    /**
     * Handles a redirected connection whose conntrack entry was gone before it was accepted: only the application's own
     * socket has the original destination.
     *
     * @param source source of the accepted connection; that of the application's socket unless NAT translated it
     */
    void unknown(InetSocketAddress source) {
        forgotten.add(source);
    }

    private void search(Set<InetSocketAddress> sources) throws OsException {
        for (Collection<Tuple> connections : all.openFrom(sources).asMap().values()) {
            List<Tuple> unknown = new ArrayList<>();
            for (Tuple connection : connections) {
                if (!conntrack.knows(connection)) {
                    unknown.add(connection);
                }
            }
            // A source port may have several connections to different destinations. Only unambiguous ones are aborted.
            if (unknown.size() == 1) {
                abort(unknown.getFirst(), "conntrack forgot it before it was accepted");
            }
        }
    }

    private interface Attempt {
        void run() throws OsException;
    }

    private void attempt(Attempt attempt) {
        if (closed) {
            return;
        }
        try {
            attempt.run();
        } catch (OsException e) {
            if (!failed && !closed) {
                failed = true;
                LOG.warn(
                        "can't abort sockets of applications that no reset reaches, they may hang: {}", e.getMessage());
            }
        }
    }

    private void abort(Tuple application, String reason) throws OsException {
        if (sockets.destroy(application)) {
            aborted.increment();
            LOG.info(
                    "aborted socket of an application, {} to {}: {}",
                    Tuple.text(application.source()),
                    Tuple.text(application.destination()),
                    reason);
        }
    }

    @Override
    public void close() {
        closed = true;
        forgotten.close();
        all.close();
        sockets.close();
    }
}
