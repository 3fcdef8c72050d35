package dev.throughline.engine.nio;

import com.google.common.collect.ImmutableMap;
import dev.throughline.engine.ErrnoException;
import java.io.IOException;
import java.net.NoRouteToHostException;

/**
 * The numbers of system errors. Java's exceptions have only the text of strerror(3), which some also put into a type. Texts of glibc
 * and of the BSDs are known here, in English: in another locale an error has no number, and counts as any other failure.
 */
final class SystemErrors {
    private static final int EHOSTUNREACH = 113;

    /** The longer of two texts with the same start comes first. */
    private static final ImmutableMap<String, Integer> NUMBERS = ImmutableMap.<String, Integer>builder()
            .put("Operation not permitted", 1)
            .put("Resource temporarily unavailable", 11)
            .put("Cannot allocate memory", 12)
            .put("Too many open files in system", 23)
            .put("Too many open files", 24)
            .put("Protocol error", 71)
            .put("Address already in use", 98)
            .put("Cannot assign requested address", 99)
            .put("Can't assign requested address", 99)
            .put("Network is down", 100)
            .put("Network is unreachable", 101)
            .put("Software caused connection abort", 103)
            .put("Connection reset", 104)
            .put("No buffer space available", 105)
            .put("Connection timed out", 110)
            .put("Operation timed out", 110)
            .put("Connection refused", 111)
            .put("Host is down", 112)
            .put("No route to host", EHOSTUNREACH)
            .buildOrThrow();

    private SystemErrors() {}

    /** Returns {@code problem} with its number, if that is known. */
    static IOException numbered(IOException problem) {
        String text = String.valueOf(problem.getMessage());
        for (var known : NUMBERS.entrySet()) {
            if (text.startsWith(known.getKey())) {
                return new ErrnoException(known.getValue(), problem);
            }
        }
        return problem instanceof NoRouteToHostException ? new ErrnoException(EHOSTUNREACH, problem) : problem;
    }
}
