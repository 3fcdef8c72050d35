package dev.throughline.hop;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A detector of threads that hang: each gets a task every second. While all threads run their tasks, the service manager is
 * notified (sd_notify(3), WATCHDOG=1); otherwise it kills the hop and starts it again. Thread-safe.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final long PAUSE_MILLIS = 1_000;
    static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOG_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** A thread and the last task that it got. */
    private static final class WatchedThread {
        private final Executor executor;
        private long probedAt;
        private long loggedAt;
        private boolean isStuck;
        private volatile boolean answered = true;

        WatchedThread(Executor executor) {
            this.executor = executor;
        }
    }

    private final Map<String, WatchedThread> watched = new LinkedHashMap<>();
    private final Consumer<String> manager;
    private final LongSupplier nanoTime;
    private final Thread thread = Thread.ofPlatform().name("watchdog").daemon().unstarted(this::run);
    private volatile List<String> stuck = List.of();

    /**
     * Creates a watchdog, which {@link #start} starts.
     *
     * @param executors of one thread each, by name
     * @param manager gets {@code WATCHDOG=1} (sd_notify(3)) after each check that finds all threads running
     */
    Watchdog(Map<String, Executor> executors, Consumer<String> manager, LongSupplier nanoTime) {
        executors.forEach((name, executor) -> watched.put(name, new WatchedThread(executor)));
        this.manager = manager;
        this.nanoTime = nanoTime;
    }

    Watchdog start() {
        thread.start();
        return this;
    }

    /** Returns a message for each thread that hangs now. */
    List<String> stuck() {
        return stuck;
    }

    private void run() {
        try {
            while (true) {
                check();
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Checks all threads once. */
    void check() {
        long now = nanoTime.getAsLong();
        List<String> found = new ArrayList<>();
        watched.forEach((name, one) -> {
            if (one.answered) {
                if (one.isStuck) {
                    LOG.info("{} is running again", name);
                }
                one.isStuck = false;
                probe(one, now);
            } else if (now - one.probedAt >= STUCK_NANOS) {
                String text = name + " has not run for " + TimeUnit.NANOSECONDS.toSeconds(now - one.probedAt) + " s";
                found.add(text);
                if (!one.isStuck || now - one.loggedAt >= LOG_AGAIN_NANOS) {
                    one.loggedAt = now;
                    LOG.error("{}", text);
                }
                one.isStuck = true;
            }
        });
        stuck = List.copyOf(found);
        if (found.isEmpty()) {
            manager.accept("WATCHDOG=1");
        }
    }

    private static void probe(WatchedThread one, long now) {
        one.probedAt = now;
        one.answered = false;
        try {
            one.executor.execute(() -> one.answered = true);
        } catch (RejectedExecutionException isClosing) {
            one.answered = true;
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
