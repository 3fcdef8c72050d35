package dev.throughline.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Methods that wait for conditions. */
final class Waiting {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int POLL_MILLIS = 20;

    private Waiting() {}

    /** A condition. */
    interface Condition {
        boolean holds() throws IOException;
    }

    /**
     * Returns when {@code condition} holds.
     *
     * @param what description of the condition, for messages
     * @throws IOException if it doesn't hold within a minute
     */
    static void until(String what, Condition condition) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                throw new IOException("timeout after " + PATIENCE.toSeconds() + " s while waiting for " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for " + what, e);
            }
        }
    }
}
