package dev.throughline.platform;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A periodic task that survives exceptions. An executor silently stops a periodic task that throws; this one logs the
 * exception and continues. An {@link Error} goes to the handler of uncaught exceptions instead. Use it with a
 * single-threaded executor.
 */
public final class PeriodicTask implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(PeriodicTask.class);

    private static final long LOG_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String name;
    private final Runnable task;
    private long failures;
    private long loggedAt;

    /** @param name description for the log */
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
