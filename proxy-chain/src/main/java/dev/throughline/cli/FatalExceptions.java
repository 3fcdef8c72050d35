package dev.throughline.cli;

import dev.throughline.report.StandardError;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handler of uncaught exceptions, which ends the process. Without the thread that died, the hop would be up but not
 * work; the service manager restarts it.
 */
final class FatalExceptions implements Thread.UncaughtExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(FatalExceptions.class);
    private static final long MESSAGE_MILLIS = 3_000;

    private final List<Runnable> endActions = new CopyOnWriteArrayList<>();

    private FatalExceptions() {}

    /** Installs the handler for all threads of this process. */
    static FatalExceptions install() {
        FatalExceptions handler = new FatalExceptions();
        Thread.setDefaultUncaughtExceptionHandler(handler);
        return handler;
    }

    /** Runs {@code action} before the process ends, after the message was written, if there is time left. */
    void atEnd(Runnable action) {
        endActions.add(action);
    }

    @Override
    public void uncaughtException(Thread thread, Throwable e) {
        try {
            Thread.ofPlatform().name("end").daemon().start(FatalExceptions::endSoon);
            LOG.error("thread {} died, exiting", thread.getName(), e);
            StandardError.close();
            endActions.forEach(Runnable::run);
        } finally {
            Runtime.getRuntime().halt(ExitCode.THREAD_DIED);
        }
    }

    /** Writing may block if standard error or standard output is not read. */
    private static void endSoon() {
        try {
            Thread.sleep(MESSAGE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(ExitCode.THREAD_DIED);
    }
}
