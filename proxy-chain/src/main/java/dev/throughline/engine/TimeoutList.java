package dev.throughline.engine;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The timeouts of one event loop that last equally long, and so end in the order in which they started. Only the first has a timer of
 * the loop: starting and cancelling the others costs a few stores, and most are cancelled. A timer of the loop for each would cost two
 * operations of its priority queue and 64 bytes. All methods are called on the loop.
 */
public final class TimeoutList {
    /** A timeout. It can be started again after it has ended. */
    public abstract static class Timeout {
        private @Nullable TimeoutList list;
        private @Nullable Timeout before;
        private @Nullable Timeout after;
        private long end;

        /** It has ended. */
        protected abstract void expired();

        /** Stops it, if it runs. */
        public final void cancel() {
            if (list != null) {
                list.remove(this);
            }
        }
    }

    private static final FastThreadLocal<List<TimeoutList>> OF_LOOP = new FastThreadLocal<>() {
        @Override
        protected List<TimeoutList> initialValue() {
            return new ArrayList<>();
        }
    };

    private final EventLoop loop;
    private final Ticker clock;
    private final long nanos;
    private @Nullable Timeout first;
    private @Nullable Timeout last;
    private boolean hasTimer;

    private TimeoutList(EventLoop loop, long nanos) {
        this.loop = loop;
        this.clock = loop.ticker();
        this.nanos = nanos;
    }

    /**
     * Starts {@code timeout}.
     *
     * @param loop the calling thread's loop
     * @param nanos its duration, one of the few that the program or its configuration has: each has a list for ever
     * @throws IllegalStateException if it runs already
     */
    public static void start(EventLoop loop, long nanos, Timeout timeout) {
        of(loop, nanos).add(timeout);
    }

    private static TimeoutList of(EventLoop loop, long nanos) {
        List<TimeoutList> lists = OF_LOOP.get();
        for (int i = 0; i < lists.size(); i++) {
            TimeoutList known = lists.get(i);
            if (known.nanos == nanos && known.loop.equals(loop)) {
                return known;
            }
        }
        TimeoutList added = new TimeoutList(loop, nanos);
        lists.add(added);
        return added;
    }

    private void add(Timeout timeout) {
        if (timeout.list != null) {
            throw new IllegalStateException("the timeout runs already");
        }
        if (!hasTimer) {
            schedule(nanos);
        }
        timeout.list = this;
        timeout.end = clock.nanoTime() + nanos;
        timeout.before = last;
        if (last == null) {
            first = timeout;
        } else {
            last.after = timeout;
        }
        last = timeout;
    }

    private void remove(Timeout timeout) {
        Timeout before = timeout.before;
        Timeout after = timeout.after;
        if (before == null) {
            first = after;
        } else {
            before.after = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.before = before;
        }
        timeout.list = null;
        timeout.before = null;
        timeout.after = null;
    }

    private void schedule(long delay) {
        loop.schedule(this::onTimer, delay, TimeUnit.NANOSECONDS);
        hasTimer = true;
    }

    /** Ends what has lasted long enough. The timer may be that of a timeout that was cancelled meanwhile. */
    private void onTimer() {
        // hasTimer stays true until the end: what an ended timeout starts comes after those that still run.
        long now = clock.nanoTime();
        Timeout ended = first;
        try {
            while (ended != null && ended.end - now <= 0) {
                remove(ended);
                ended.expired();
                ended = first;
            }
        } finally {
            hasTimer = false;
            if (first != null) {
                schedule(Math.max(0, first.end - now));
            }
        }
    }
}
