package dev.throughline.intercept;

import dev.throughline.budget.Account;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A tracker of whether all recent connections are one user's. Not thread-safe. */
final class SoleUser {
    private static final long LATELY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private @Nullable Account last;
    private long changedNanos;

    /**
     * Records a connection of {@code who}.
     *
     * @param now from {@link System#nanoTime}
     * @return whether no other user connected within five seconds
     */
    boolean is(Account who, long now) {
        Account before = last;
        if (before == null || !before.isSameUser(who)) {
            changedNanos = before == null ? now - LATELY_NANOS : now;
            last = who;
        }
        return now - changedNanos >= LATELY_NANOS;
    }
}
