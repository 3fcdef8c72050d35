package dev.throughline.flow;

import dev.throughline.budget.Claimant;
import dev.throughline.budget.SharedRoom;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Flows whose originator is known and for which nothing was done yet. Each event loop begins a few in each of its passes,
 * by users in turns, so that a flood of connections by one user delays those of others by no more than one flow of each user.
 * If too many wait, the newest leaves of the user with the most.
 */
public final class Arrivals {
    /** How many flows a loop begins before it looks at its connections again. */
    static final int EACH_PASS = 8;

    /** Whose turn it is. Programs and processes of a user share the user's. */
    private record User(String host, String name) {
        static User of(Claimant who) {
            return new User(who.host(), who.user());
        }
    }

    private record Waiting(EventLoop loop, Claimant who, BooleanSupplier ended, CompletableFuture<Void> turn) {}

    private final SharedRoom<Waiting> room;
    private final Map<EventLoop, LoopTurns> loops = new ConcurrentHashMap<>();

    /** Room for {@code capacity} flows that wait for their turn, on all loops together. */
    public Arrivals(int capacity) {
        this.room = new SharedRoom<>(capacity);
    }

    /** Has room for {@code flows} from now on. */
    public void capacity(int flows) {
        synchronized (room) {
            room.capacity(flows);
        }
    }

    /** {@return how many flows wait for their turn} */
    public int size() {
        synchronized (room) {
            return room.size();
        }
    }

    /**
     * The turn of a flow, at once if no other waits. Called on the flow's loop.
     *
     * @param who the originator
     * @param ended whether the flow has ended meanwhile, so that nothing is to be done for it
     * @return completed on that loop; with {@link Refused} if it had to leave
     */
    CompletableFuture<Void> turn(EventLoop loop, Claimant who, BooleanSupplier ended) {
        return loops.computeIfAbsent(loop, LoopTurns::new).turn(who, ended);
    }

    private Optional<Waiting> entered(Waiting arrival) {
        synchronized (room) {
            return room.add(arrival.who, arrival);
        }
    }

    private void left(Waiting arrival) {
        synchronized (room) {
            room.remove(arrival.who, arrival);
        }
    }

    /** The turns on one loop; everything happens on it. */
    private final class LoopTurns {
        private final EventLoop loop;
        private final Turns<User, Waiting> waiting = new Turns<>();
        private int begun;
        private boolean passScheduled;

        LoopTurns(EventLoop loop) {
            this.loop = loop;
        }

        CompletableFuture<Void> turn(Claimant who, BooleanSupplier ended) {
            if (waiting.isEmpty() && begun < EACH_PASS) {
                begun++;
                schedulePass();
                return CompletableFuture.completedFuture(null);
            }
            Waiting arrival = new Waiting(loop, who, ended, new CompletableFuture<>());
            waiting.add(User.of(who), arrival);
            schedulePass();
            entered(arrival).ifPresent(Arrivals.this::refuse);
            return arrival.turn;
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
                Optional<Waiting> next = waiting.next();
                if (next.isEmpty()) {
                    break;
                }
                Waiting arrival = next.get();
                left(arrival);
                // The flow of a client that is gone has ended, and costs nothing any more.
                begun += arrival.ended.getAsBoolean() ? 0 : 1;
                arrival.turn.complete(null);
            }
            if (begun > 0) {
                schedulePass();
            }
        }

        void remove(Waiting arrival) {
            waiting.remove(User.of(arrival.who), arrival);
        }
    }

    private void refuse(Waiting arrival) {
        arrival.loop.execute(() -> {
            LoopTurns turns = loops.get(arrival.loop);
            if (turns != null) {
                turns.remove(arrival);
            }
            arrival.turn.completeExceptionally(
                    new Refused(CloseReason.TOO_MANY_FLOWS, "too many flows of one user arrive at once"));
        });
    }
}
