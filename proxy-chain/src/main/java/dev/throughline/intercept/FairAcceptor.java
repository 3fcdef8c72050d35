package dev.throughline.intercept;

import dev.throughline.budget.Account;
import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.flow.AcceptFailures;
import dev.throughline.flow.FairQueue;
import dev.throughline.flow.FlowRejectedException;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections of one of the kernel's queues on one event loop, and starts their flows in fair order among users.
 *
 * <p>While all connections of a queue are one user's, only a few wait here and the rest in the kernel, where they cost
 * nothing. As soon as another user's connection arrives in the queue, all are accepted at once, so that it doesn't wait
 * behind them.
 */
final class FairAcceptor implements AcceptListener {
    private static final Logger LOG = LoggerFactory.getLogger(FairAcceptor.class);

    private final FairQueue queue;
    private final int mostWaiting;
    private final FairQueue.Work work;
    private final Function<AcceptedSocket, Account> users;
    private final Predicate<AcceptedSocket> canaries;
    private final BiConsumer<Connection, Account> begin;
    private final AcceptFailures failures;
    private final SoleUser soleUser = new SoleUser();
    /** Accepted connections that wait for their turn. */
    private final AtomicInteger waiting = new AtomicInteger();

    private volatile boolean paused;

    /**
     * Creates an acceptor.
     *
     * @param queue fair queue of the connections of all listeners
     * @param mostWaiting maximum number of connections that wait for their turn while all are one user's
     * @param work the work for which a connection waits
     * @param users returns the account for which a connection waits
     * @param canaries whether a connection is a canary of this hop, and no flow
     * @param begin starts the flow of a connection, on its event loop
     * @param failures decides what happens when accept(2) fails
     */
    FairAcceptor(
            FairQueue queue,
            int mostWaiting,
            FairQueue.Work work,
            Function<AcceptedSocket, Account> users,
            Predicate<AcceptedSocket> canaries,
            BiConsumer<Connection, Account> begin,
            AcceptFailures failures) {
        this.queue = queue;
        this.mostWaiting = mostWaiting;
        this.work = work;
        this.users = users;
        this.canaries = canaries;
        this.begin = begin;
        this.failures = failures;
    }

    @Override
    public void accepted(AcceptedSocket connection, AcceptLoop on) {
        if (canaries.test(connection)) {
            connection.close();
            return;
        }
        Account who = users.apply(connection);
        boolean all = waiting.incrementAndGet() >= mostWaiting;
        if (soleUser.is(who, System.nanoTime()) && all) {
            paused = true;
            on.pause();
        }
        queue.turn(on.loop(), new Accepted(connection, who, on));
        // All connections may have had their turn before the queue was paused.
        resumeIfFew(on);
    }

    /** A connection that waits for its turn. */
    private final class Accepted implements FairQueue.Waiting, Consumer<Connection> {
        private final AcceptedSocket connection;
        private final Account who;
        private final AcceptLoop on;

        Accepted(AcceptedSocket connection, Account who, AcceptLoop on) {
            this.connection = connection;
            this.who = who;
            this.on = on;
        }

        @Override
        public Account who() {
            return who;
        }

        @Override
        public FairQueue.Work work() {
            return work;
        }

        /** Nobody watches it yet. */
        @Override
        public boolean isEnded() {
            return false;
        }

        @Override
        public void turn() {
            // First, because a queue whose count stays too high would never resume.
            waiting.decrementAndGet();
            try {
                connection.open(on.loop(), this, FairAcceptor::notStarted);
            } finally {
                resumeIfFew(on);
            }
        }

        @Override
        public void refused(FlowRejectedException why) {
            waiting.decrementAndGet();
            try {
                connection.close();
            } finally {
                resumeIfFew(on);
            }
        }

        /** Starts the flow of the opened connection. */
        @Override
        public void accept(Connection opened) {
            try {
                begin.accept(opened, who);
            } catch (RuntimeException e) {
                notStarted(e);
                opened.close();
            }
        }
    }

    private static void notStarted(Exception cause) {
        LOG.warn("failed to start a flow: {}", cause.toString());
    }

    @Override
    public void failed(AcceptLoop on, IOException cause) {
        if (failures.needsPause(cause, on::refuseOne)) {
            on.pause();
            on.loop().schedule(on::resume, AcceptFailures.PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void resumeIfFew(AcceptLoop on) {
        if (paused && waiting.get() <= mostWaiting / 2) {
            paused = false;
            on.resume();
        }
    }
}
