package dev.throughline.keys;

import java.time.Duration;
import java.time.Instant;

/** Readable durations until a future time. */
public final class KeyTimes {
    private KeyTimes() {}

    /**
     * Returns the time from {@code now} to {@code then} in the largest unit with a value of at least two, such as
     * {@code in 36 hours}.
     */
    public static String in(Instant now, Instant then) {
        Duration left = Duration.between(now, then);
        if (left.toDays() >= 2) {
            return "in " + left.toDays() + " days";
        }
        if (left.toHours() >= 2) {
            return "in " + left.toHours() + " hours";
        }
        return left.toMinutes() >= 2 ? "in " + left.toMinutes() + " minutes" : "in " + left.toSeconds() + " seconds";
    }
}
