package dev.throughline.bench.compare;

import java.time.Duration;

/** Waits for a time; an interrupt is kept for the caller. */
final class Pause {
    private Pause() {}

    static void millis(long millis) {
        try {
            Thread.sleep(Duration.ofMillis(millis));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
