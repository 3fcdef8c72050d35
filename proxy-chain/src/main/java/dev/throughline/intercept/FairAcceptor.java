package dev.throughline.intercept;

import dev.throughline.budget.Account;
import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.flow.AcceptFailures;
import dev.throughline.flow.FairQueue;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections from one of the kernel's queues and starts their flows in fair order
 * among users. It runs on a dedicated thread, so that event loops that are busy for one user don't delay connections of
 * others.
 *
 * <p>While all connections of a queue are one user's, only a few wait here and the rest in the kernel, where they cost
 * nothing. As soon as another user's connection arrives in the queue, all are accepted at once, so that it doesn't wait
 * behind them.
 */
final class FairAcceptor implements AcceptListener {
    private static final Logger LOG = LoggerFactory.getLogger(FairAcceptor.class);

    private final EventLoopGroup loops;
    private final FairQueue queue;
    private final int mostWaiting;
    private final FairQueue.Work work;
    private final Function<AcceptedSocket, Account> users;
    private final CanaryCheck canaries;
    private final BiConsumer<Connection, Account> begin;
    private final AcceptFailures failures;
    private final SoleUser soleUser = new SoleUser();
    /** Accepted connections of this queue that wait for their turn. */
    private final AtomicInteger waiting = new AtomicInteger();

    private volatile boolean paused;

    /** A predicate for canaries of this hop. */
    interface CanaryCheck {
        boolean arrived(InetSocketAddress local, InetSocketAddress peer);
    }

    /**
     * Creates an acceptor.
     *
     * @param loops event loops of flows
     * @param queue fair queue of the connections of all listeners
     * @param mostWaiting maximum number of connections that wait for their turn while all are one user's
     * @param work the work for which a connection waits
     * @param users returns the account for which a connection waits
     * @param begin starts the flow of a connection, on its event loop
     * @param failures decides what happens when accept(2) fails
     */
    FairAcceptor(
            EventLoopGroup loops,
            FairQueue queue,
            int mostWaiting,
            FairQueue.Work work,
            Function<AcceptedSocket, Account> users,
            CanaryCheck canaries,
            BiConsumer<Connection, Account> begin,
            AcceptFailures failures) {
        this.loops = loops;
        this.queue = queue;
        this.mostWaiting = mostWaiting;
        this.work = work;
        this.users = users;
        this.canaries = canaries;
        this.begin = begin;
        this.failures = failures;
    }

    @Override
    public void accepted(AcceptedSocket connection, ListeningSocket from) {
        if (isCanary(connection)) {
            connection.close();
            return;
        }
        Account who = users.apply(connection);
        boolean all = waiting.incrementAndGet() >= mostWaiting;
        if (soleUser.is(who, System.nanoTime()) && all) {
            paused = true;
            from.pause();
        }
        EventLoop loop = loops.next();
        queue.turn(loop, who, work, () -> false).whenComplete((turn, refused) -> {
            // First, because a queue whose count stays too high would never resume.
            waiting.decrementAndGet();
            try {
                if (refused == null) {
                    connection.open(loop, opened -> start(opened, who), FairAcceptor::notStarted);
                } else {
                    connection.close();
                }
            } finally {
                resumeIfFew(from);
            }
        });
        // All connections may have had their turn before the queue was paused.
        resumeIfFew(from);
    }

    private void start(Connection opened, Account who) {
        try {
            begin.accept(opened, who);
        } catch (RuntimeException e) {
            notStarted(e);
            opened.close();
        }
    }

    private boolean isCanary(AcceptedSocket connection) {
        Optional<InetSocketAddress> local = connection.localAddress();
        Optional<InetSocketAddress> peer = connection.remoteAddress();
        return local.isPresent() && peer.isPresent() && canaries.arrived(local.get(), peer.get());
    }

    private static void notStarted(Exception cause) {
        LOG.warn("failed to start a flow: {}", cause.toString());
    }

    @Override
    public void failed(ListeningSocket listener, IOException cause) {
        if (failures.needsPause(cause, listener::refuseOne)) {
            listener.pause();
            listener.loop().schedule(listener::resume, AcceptFailures.PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void resumeIfFew(ListeningSocket from) {
        if (paused && waiting.get() <= mostWaiting / 2) {
            paused = false;
            from.resume();
        }
    }
}
