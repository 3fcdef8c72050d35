package dev.throughline.flow;

import dev.throughline.budget.Account;
import dev.throughline.budget.SharedSet;
import dev.throughline.identify.RoundRobinQueue;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

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

        /** Written out: the generated one is slow without the optimizing compiler, and this runs for each waiting flow. */
        @Override
        public boolean equals(Object other) {
            return other instanceof User that && name.equals(that.name) && host.equals(that.host);
        }

        /** Written out: the generated one is slow without the optimizing compiler, and this runs for each waiting flow. */
        @Override
        public int hashCode() {
            return 31 * host.hashCode() + name.hashCode();
        }
    }

    /** A connection or flow that waits for its turn. */
    public interface Waiting {
        /** Returns the account that it counts for. */
        Account who();

        /** Returns the work of its turn. */
        Work work();

        /** Returns whether it has ended meanwhile, so that its turn costs nothing. */
        boolean isEnded();

        /** Its turn has come. Is called on its loop. */
        void turn();

        /** The queue is full, or its loop has stopped. Is called on any thread. */
        void refused(FlowRejectedException why);
    }

    /** An entry of the queue. */
    private static final class QueuedFlow {
        private final Waiting waiting;
        private int number;

        QueuedFlow(Waiting waiting) {
            this.waiting = waiting;
        }

        /** Uses the number: a hash code of the JVM's own takes a call into it for each new object. */
        @Override
        public int hashCode() {
            return number;
        }
    }

    private final LongAdder refused = new LongAdder();
    private final SharedSet<QueuedFlow> entries;
    private final Map<EventLoop, LoopTurns> loops = new ConcurrentHashMap<>();
    private int numbers;

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
     * Lets {@code waiting} wait for its turn. If this is {@code loop}, and no other waits on it, its turn comes at once.
     *
     * @param loop the loop that will serve it
     */
    public void turn(EventLoop loop, Waiting waiting) {
        boolean here = loop.inEventLoop();
        LoopTurns turns = turns(loop);
        if (here && turns.isFree()) {
            turns.use(waiting);
            waiting.turn();
            return;
        }
        QueuedFlow queued = new QueuedFlow(waiting);
        Optional<QueuedFlow> leaves = added(queued);
        if (leaves.isPresent()) {
            refuse(leaves.get());
            if (leaves.get() == queued) {
                return;
            }
        }
        if (here) {
            turns.enter(queued);
            return;
        }
        try {
            loop.execute(() -> turns.enter(queued));
        } catch (RejectedExecutionException stopped) {
            if (removed(queued)) {
                waiting.refused(new FlowRejectedException(CloseReason.STOPPED, "its event loop has stopped"));
            }
        }
    }

    private LoopTurns turns(EventLoop loop) {
        LoopTurns known = loops.get(loop);
        return known != null ? known : loops.computeIfAbsent(loop, LoopTurns::new);
    }

    /** Returns how many flows were rejected before their turn. */
    public long refused() {
        return refused.sum();
    }

    private Optional<QueuedFlow> added(QueuedFlow queued) {
        synchronized (entries) {
            queued.number = numbers++;
            return entries.add(queued.waiting.who(), queued);
        }
    }

    /** Removes an entry. Returns whether it was still in the queue, and not refused meanwhile. */
    private boolean removed(QueuedFlow queued) {
        synchronized (entries) {
            return entries.remove(queued.waiting.who(), queued);
        }
    }

    /** The turns of one loop, confined to it. */
    private final class LoopTurns {
        private final EventLoop loop;
        private final RoundRobinQueue<User, QueuedFlow> waiting = new RoundRobinQueue<>();
        private final Runnable reset = this::reset;
        private final Runnable pass = this::pass;
        private int used;
        private boolean resetScheduled;
        private boolean passScheduled;

        LoopTurns(EventLoop loop) {
            this.loop = loop;
        }

        /** Returns whether another flow may start in this pass, and none waits before it. */
        boolean isFree() {
            return used < EACH_PASS && waiting.isEmpty();
        }

        /** Counts work that starts in this pass. */
        void use(Waiting starting) {
            used += starting.work().share;
            if (!resetScheduled) {
                resetScheduled = true;
                // At the end of this pass.
                loop.execute(reset);
            }
        }

        private void reset() {
            resetScheduled = false;
            if (waiting.isEmpty()) {
                used = 0;
            }
        }

        void enter(QueuedFlow queued) {
            if (isFree()) {
                use(queued.waiting);
                serve(queued);
            } else {
                var _ = waiting.add(User.of(queued.waiting.who()), queued);
                schedulePass();
            }
        }

        private void serve(QueuedFlow queued) {
            if (removed(queued)) {
                queued.waiting.turn();
            }
        }

        /** Schedules a task for the next pass, after the connections have been served. */
        private void schedulePass() {
            if (!passScheduled) {
                passScheduled = true;
                loop.schedule(pass, 0, TimeUnit.NANOSECONDS);
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
                // A flow that has ended or was refused costs nothing.
                if (removed(queued)) {
                    used += queued.waiting.isEnded() ? 0 : queued.waiting.work().share;
                    queued.waiting.turn();
                }
            }
            if (used > 0) {
                schedulePass();
            }
        }
    }

    /** Rejects a flow, whose entry was removed. It stays in the turns of its loop and costs nothing there. */
    private void refuse(QueuedFlow queued) {
        refused.increment();
        queued.waiting.refused(new FlowRejectedException(CloseReason.TOO_MANY_FLOWS, "too many new flows of one user"));
    }
}
