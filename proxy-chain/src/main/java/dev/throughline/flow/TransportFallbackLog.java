package dev.throughline.flow;

import java.util.function.Consumer;

/** Transports that flows don't go over although they come first on their route. Not thread-safe. */
final class TransportFallbackLog {
    private static final class Words implements EpisodeLog.Words<String> {
        @Override
        public String begin(String transport, String why) {
            return "transport " + transport + ": flows fail over to the next transport: " + why;
        }

        @Override
        public String end(String transport, long count, long seconds) {
            return "transport %s: flows no longer fail over: %d did, in %d s".formatted(transport, count, seconds);
        }
    }

    private final EpisodeLog<String> passed;

    /** With {@code log} for what there is to say. */
    TransportFallbackLog(Consumer<String> log) {
        this.passed = new EpisodeLog<>(new Words(), log);
    }

    /** A flow continues over a later one. */
    void passed(String transport, String why, long now) {
        passed.happens(transport, why, now);
    }

    /** Looks which aren't any more. */
    void look(long now) {
        passed.look(now);
    }
}
