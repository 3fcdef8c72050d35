package dev.throughline.intercept;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The state of one part of interception, with counts of losses and repairs. One thread writes, any thread may read. */
final class InterceptionState {
    private static final Logger LOG = LoggerFactory.getLogger(InterceptionWatcher.class);

    private final InterceptionPart part;
    private final BackOff backOff = new BackOff();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicLong repaired = new AtomicLong();
    private volatile @Nullable String problem;
    private boolean attempted;
    private String said = "";

    InterceptionState(InterceptionPart part) {
        this.part = part;
    }

    InterceptionPart part() {
        return part;
    }

    Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    boolean isWhole() {
        return problem == null;
    }

    long lost() {
        return lost.get();
    }

    long repaired() {
        return repaired.get();
    }

    BackOff backOff() {
        return backOff;
    }

    /**
     * Records the result of a check.
     *
     * @param found the problem, if there is one
     * @param by the program that made the last change, if known
     */
    void update(Optional<String> found, Optional<String> by, long now) {
        if (found.isPresent() && problem == null) {
            backOff.lost(now);
            lost.incrementAndGet();
            attempted = false;
            int undone = backOff.attempts();
            LOG.warn(
                    "interception lost: {}: {}{}{}",
                    part,
                    found.get(),
                    by.map(who -> "; last change by " + who).orElse(""),
                    undone == 0
                            ? ""
                            : "; repairs were undone %d times in a row, next repair in %d ms"
                                    .formatted(
                                            undone,
                                            Math.max(0, backOff.left(now).toMillis())));
        } else if (found.isEmpty() && problem != null) {
            if (attempted) {
                repaired.incrementAndGet();
            }
            LOG.info("interception {}: {}", attempted ? "repaired" : "restored", part);
            said = "";
        }
        problem = found.orElse(null);
    }

    void attempted(long now) {
        attempted = true;
        backOff.attempted(now);
    }

    /** Logs that a repair didn't last until the next check. */
    void repairUndone(Optional<String> by, long now) {
        LOG.warn(
                "interception: repairs of {} were undone {} times in a row{}, next repair in {} ms",
                part,
                backOff.attempts(),
                by.map(who -> ", last change by " + who).orElse(""),
                Math.max(0, backOff.left(now).toMillis()));
    }

    /** Logs the reason of a failed repair once. */
    void failed(String reason) {
        backOff.failed();
        if (!said.equals(reason)) {
            said = reason;
            LOG.warn("interception: can't repair {}: {}", part, reason);
        }
    }
}
