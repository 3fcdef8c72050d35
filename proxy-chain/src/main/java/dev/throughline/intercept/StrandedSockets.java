package dev.throughline.intercept;

import dev.throughline.flow.Arrival;
import dev.throughline.flow.Ending;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowView;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Way;
import dev.throughline.os.Conntrack;
import dev.throughline.os.OsException;
import dev.throughline.os.SocketDiag;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Aborts the application's socket of a redirected flow that ended after conntrack had forgotten its translation. What the
 * hop sends can't reach such an application any more, not even a reset, so it would wait for ever. TPROXY translates nothing
 * and has no such case.
 */
public final class StrandedSockets implements FlowEvents, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StrandedSockets.class);

    private final Conntrack conntrack;
    private final SocketDiag sockets;
    private final LongAdder aborted = new LongAdder();
    private volatile boolean failed;

    public StrandedSockets(Conntrack conntrack, SocketDiag sockets) {
        this.conntrack = conntrack;
        this.sockets = sockets;
    }

    /** How many were aborted so far. */
    public long aborted() {
        return aborted.sum();
    }

    @Override
    public void opened(FlowView flow) {}

    @Override
    public void closed(FlowView flow, Ending ending) {
        if (flow.arrival().orElse(null) instanceof Arrival.Tcp arrival && arrival.way() == Way.REDIRECT) {
            try {
                abortIfStranded(arrival);
            } catch (OsException e) {
                if (!failed) {
                    failed = true;
                    LOG.warn(
                            "can't abort the sockets of applications whose redirected connection conntrack forgot: {};"
                                    + " they may wait for an answer in vain",
                            e.getMessage());
                }
            }
        }
    }

    private void abortIfStranded(Arrival.Tcp arrival) throws OsException {
        Tuple application = arrival.asked();
        if (conntrack.knows(application)) {
            return;
        }
        if (sockets.destroy(application)) {
            aborted.increment();
            LOG.info(
                    "aborted the application's socket {} to {}: conntrack forgot that it was redirected",
                    Tuple.text(application.source()),
                    Tuple.text(application.destination()));
        }
    }

    @Override
    public void close() {
        sockets.close();
    }
}
