package dev.throughline.flow;

import dev.throughline.budget.Account;
import dev.throughline.budget.Shortage;
import java.util.function.Consumer;

/** Who didn't get the place that it asked for, executable by executable. Not thread-safe. */
final class LimitedOriginatorLog {
    /** An executable of one user of one host. */
    private record Name(String host, String user, String executable) {
        @Override
        public String toString() {
            return executable + " of user " + user + " on " + host;
        }
    }

    private static final class Words implements EpisodeLog.Words<Name> {
        @Override
        public String begin(Name who, String why) {
            return who + " is limited: " + why;
        }

        @Override
        public String end(Name who, long count, long seconds) {
            return "%s is no longer limited: %d flows were, in %d s".formatted(who, count, seconds);
        }
    }

    private final EpisodeLog<Name> limited;

    /** With {@code log} for what there is to say. */
    LimitedOriginatorLog(Consumer<String> log) {
        this.limited = new EpisodeLog<>(new Words(), log);
    }

    /** A flow of {@code who}, on the host that people call {@code host}, has to wait or is refused. */
    void limited(Account who, String host, Shortage why, long now) {
        limited.happens(new Name(host, who.user(), who.executable()), why.toString(), now);
    }

    /** Looks who isn't any more. */
    void look(long now) {
        limited.look(now);
    }
}
