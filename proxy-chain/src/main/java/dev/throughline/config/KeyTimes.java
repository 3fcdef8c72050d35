package dev.throughline.config;

import java.time.Duration;
import java.time.Instant;

/** Times to come, as people say them. */
public final class KeyTimes {
    private KeyTimes() {}

    /** From {@code now} to {@code then}, in the largest unit with a value of at least two: {@code in 36 hours}. */
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
