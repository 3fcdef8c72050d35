package dev.throughline.flow;

import dev.throughline.budget.Account;
import dev.throughline.budget.SharedRoom;
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
 * Connections or flows for which no costly work was done yet. Each event loop begins a few in each of its passes, by users in
 * turns, so that a flood of connections by one user delays those of others by no more than one flow of each user. If too many
 * wait, the newest leaves of the user with the most.
 */
public final class FairQueue {
    /** How much a loop begins before it looks at its connections again: one flow, or several that have to wait for a header. */
    static final int EACH_PASS = 4;

    /** What happens in a turn, as a part of {@link #EACH_PASS}. */
    public enum Work {
        /** Only the header of a connection is awaited. */
        HEADER(1),
        /** A flow gets its place and its connection. */
        FLOW(EACH_PASS);

        private final int share;

        Work(int share) {
            this.share = share;
        }
    }

    /** Who takes turns. Programs and processes of a user share the user's turn. */
    private record User(String host, String name) {
        static User of(Account who) {
            return new User(who.host(), who.user());
        }
    }

    private record QueuedFlow(Account who, Work work, BooleanSupplier ended, CompletableFuture<Void> turn) {}

    private final LongAdder refused = new LongAdder();
    private final SharedRoom<QueuedFlow> places;
    private final Map<EventLoop, LoopTurns> loops = new ConcurrentHashMap<>();

    /** Room for {@code capacity} flows that wait for their turn, on all loops together. */
    public FairQueue(int capacity) {
        this.places = new SharedRoom<>(capacity);
    }

    /** {@return how many flows wait for their turn} */
    public int size() {
        synchronized (places) {
            return places.size();
        }
    }

    /**
     * The turn of a connection or flow, at once if no other waits. Any thread may ask.
     *
     * @param loop that will serve it
     * @param who it counts for
     * @param work what is done for it then
     * @param ended whether it has ended meanwhile, so that nothing is to be done for it
     * @return completed on the loop; with {@link FlowRejectedException}, on any thread, if it had to leave
     */
    public CompletableFuture<Void> turn(EventLoop loop, Account who, Work work, BooleanSupplier ended) {
        QueuedFlow queued = new QueuedFlow(who, work, ended, new CompletableFuture<>());
        Optional<QueuedFlow> leaves = entered(queued);
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
                left(queued);
                queued.turn.completeExceptionally(
                        new FlowRejectedException(CloseReason.STOPPED, "its event loop has ended"));
            }
        }
        return queued.turn;
    }

    /** {@return how many had to leave before their turn} */
    public long refused() {
        return refused.sum();
    }

    private Optional<QueuedFlow> entered(QueuedFlow queued) {
        synchronized (places) {
            return places.add(queued.who, queued);
        }
    }

    private void left(QueuedFlow queued) {
        synchronized (places) {
            places.remove(queued.who, queued);
        }
    }

    /** The turns on one loop; everything happens on it. */
    private final class LoopTurns {
        private final EventLoop loop;
        private final RoundRobinQueue<User, QueuedFlow> waiting = new RoundRobinQueue<>();
        private int begun;
        private boolean passScheduled;

        LoopTurns(EventLoop loop) {
            this.loop = loop;
        }

        void enter(QueuedFlow queued) {
            if (waiting.isEmpty() && begun < EACH_PASS) {
                begun += queued.work.share;
                serve(queued);
            } else {
                var _ = waiting.add(User.of(queued.who), queued);
            }
            schedulePass();
        }

        private void serve(QueuedFlow queued) {
            left(queued);
            queued.turn.complete(null);
        }

        /** A scheduled task runs in the loop's next pass, after its connections, even if it is due at once. */
        private void schedulePass() {
            if (!passScheduled) {
                passScheduled = true;
                loop.schedule(this::pass, 0, TimeUnit.NANOSECONDS);
            }
        }

        private void pass() {
            passScheduled = false;
            begun = 0;
            while (begun < EACH_PASS) {
                Optional<QueuedFlow> next = waiting.next().map(RoundRobinQueue.Turn::item);
                if (next.isEmpty()) {
                    break;
                }
                QueuedFlow queued = next.get();
                // What has ended, or had to leave, costs nothing any more.
                begun += queued.turn.isDone() || queued.ended.getAsBoolean() ? 0 : queued.work.share;
                serve(queued);
            }
            if (begun > 0) {
                schedulePass();
            }
        }
    }

    /** It stays among the turns of its loop until its own comes, and is nothing then. */
    private void refuse(QueuedFlow queued) {
        refused.increment();
        queued.turn.completeExceptionally(
                new FlowRejectedException(CloseReason.TOO_MANY_FLOWS, "too many flows of one user arrive at once"));
    }
}
