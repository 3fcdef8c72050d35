package dev.throughline.os;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task that is to run again and again. An executor never runs a scheduled task again once it has thrown, and says so to nobody:
 * this one logs what is thrown and continues, but for an {@link Error}, after which nothing in this process is certain. That is
 * for the handler of uncaught exceptions. For one executor with one thread.
 */
public final class PeriodicTask implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(PeriodicTask.class);

    private static final long LOG_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String name;
    private final Runnable task;
    private long failures;
    private long loggedAt;

    /** @param name of what it does, for the log */
    public PeriodicTask(String name, Runnable task) {
        this.name = name;
        this.task = task;
    }

    @Override
    public void run() {
        try {
            task.run();
        } catch (RuntimeException e) {
            long now = System.nanoTime();
            failures++;
            if (failures == 1 || now - loggedAt >= LOG_AGAIN_NANOS) {
                loggedAt = now;
                LOG.error("{} failed, will be retried, failures so far: {}", name, failures, e);
            }
        } catch (Error e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
            throw e;
        }
    }
}
