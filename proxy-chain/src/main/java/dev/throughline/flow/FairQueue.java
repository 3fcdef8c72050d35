package dev.throughline.flow;

import dev.throughline.budget.Account;
import dev.throughline.budget.SharedSet;
import dev.throughline.identify.RoundRobinQueue;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

/**
 * A queue of connections or flows before any costly work. Each event loop starts a few of them in each pass, taking users in
 * turn: a flood of connections by one user delays those of another by at most one flow of each user. When the queue is full,
 * the user with the most flows loses the newest one. Thread-safe.
 */
public final class FairQueue {
    /**
     * The work that a loop starts before it serves its connections again: one flow, or several connections that only wait for a
     * header.
     */
    static final int EACH_PASS = 4;

    /** Work of one turn, as a part of {@link #EACH_PASS}. */
    public enum Work {
        /** A connection waits for its header. */
        HEADER(1),
        /** A flow gets a slot in the budget and connects. */
        FLOW(EACH_PASS);

        private final int share;

        Work(int share) {
            this.share = share;
        }
    }

    /** A user, whose programs and processes share one turn. */
    private record User(String host, String name) {
        static User of(Account who) {
            return new User(who.host(), who.user());
        }
    }

    private record QueuedFlow(Account who, Work work, BooleanSupplier ended, CompletableFuture<Void> turn) {}

    private final LongAdder refused = new LongAdder();
    private final SharedSet<QueuedFlow> entries;
    private final Map<EventLoop, LoopTurns> loops = new ConcurrentHashMap<>();

    /** Creates a queue for at most {@code capacity} flows on all loops together. */
    public FairQueue(int capacity) {
        this.entries = new SharedSet<>(capacity);
    }

    /** Returns how many flows wait for their turn. */
    public int size() {
        synchronized (entries) {
            return entries.size();
        }
    }

    /**
     * Completes when it is the turn of a connection or flow; at once if no other waits.
     *
     * @param loop the loop that will serve it
     * @param who the account that it counts for
     * @param work the work of its turn
     * @param ended returns whether it has ended meanwhile, so that its turn costs nothing
     * @return completes on the loop; fails with {@link FlowRejectedException}, on any thread, if the queue is full
     */
    public CompletableFuture<Void> turn(EventLoop loop, Account who, Work work, BooleanSupplier ended) {
        QueuedFlow queued = new QueuedFlow(who, work, ended, new CompletableFuture<>());
        Optional<QueuedFlow> leaves = added(queued);
        leaves.ifPresent(this::refuse);
        if (leaves.isPresent() && leaves.get().equals(queued)) {
            return queued.turn;
        }
        LoopTurns turns = loops.computeIfAbsent(loop, LoopTurns::new);
        if (loop.inEventLoop()) {
            turns.enter(queued);
        } else {
            try {
                loop.execute(() -> turns.enter(queued));
            } catch (RejectedExecutionException stopped) {
                removed(queued);
                queued.turn.completeExceptionally(
                        new FlowRejectedException(CloseReason.STOPPED, "its event loop has stopped"));
            }
        }
        return queued.turn;
    }

    /** Returns how many flows were rejected before their turn. */
    public long refused() {
        return refused.sum();
    }

    private Optional<QueuedFlow> added(QueuedFlow queued) {
        synchronized (entries) {
            return entries.add(queued.who, queued);
        }
    }

    private void removed(QueuedFlow queued) {
        synchronized (entries) {
            entries.remove(queued.who, queued);
        }
    }

    /** The turns of one loop, confined to it. */
    private final class LoopTurns {
        private final EventLoop loop;
        private final RoundRobinQueue<User, QueuedFlow> waiting = new RoundRobinQueue<>();
        private int used;
        private boolean passScheduled;

        LoopTurns(EventLoop loop) {
            this.loop = loop;
        }

        void enter(QueuedFlow queued) {
            if (waiting.isEmpty() && used < EACH_PASS) {
                used += queued.work.share;
                serve(queued);
            } else {
                var _ = waiting.add(User.of(queued.who), queued);
            }
            schedulePass();
        }

        private void serve(QueuedFlow queued) {
            removed(queued);
            queued.turn.complete(null);
        }

        /** Schedules a task for the next pass, after the connections have been served. */
        private void schedulePass() {
            if (!passScheduled) {
                passScheduled = true;
                loop.schedule(this::pass, 0, TimeUnit.NANOSECONDS);
            }
        }

        private void pass() {
            passScheduled = false;
            used = 0;
            while (used < EACH_PASS) {
                Optional<QueuedFlow> next = waiting.next().map(RoundRobinQueue.Turn::item);
                if (next.isEmpty()) {
                    break;
                }
                QueuedFlow queued = next.get();
                // A flow that has ended or was rejected costs nothing.
                used += queued.turn.isDone() || queued.ended.getAsBoolean() ? 0 : queued.work.share;
                serve(queued);
            }
            if (used > 0) {
                schedulePass();
            }
        }
    }

    /** Rejects a flow. Its entry stays in the turns of its loop and costs nothing there. */
    private void refuse(QueuedFlow queued) {
        refused.increment();
        queued.turn.completeExceptionally(
                new FlowRejectedException(CloseReason.TOO_MANY_FLOWS, "too many new flows of one user"));
    }
}
