package dev.throughline.flow;

import dev.throughline.budget.Claimant;
import dev.throughline.budget.Shortage;
import java.util.function.Consumer;

/** Who didn't get the place that it asked for, executable by executable. Not thread-safe. */
final class LimitedOriginators {
    /** An executable of one user of one host. */
    private record Name(String host, String user, String executable) {
        @Override
        public String toString() {
            return executable + " of user " + user + " on " + host;
        }
    }

    private static final class Words implements Spells.Words<Name> {
        @Override
        public String begin(Name who, String why) {
            return who + " is limited: " + why;
        }

        @Override
        public String end(Name who, long count, long seconds) {
            return "%s is no longer limited: %d flows were, in %d s".formatted(who, count, seconds);
        }
    }

    private final Spells<Name> limited;

    /** With {@code log} for what there is to say. */
    LimitedOriginators(Consumer<String> log) {
        this.limited = new Spells<>(new Words(), log);
    }

    /** A flow of {@code who}, on the host that people call {@code host}, has to wait or is refused. */
    void limited(Claimant who, String host, Shortage why, long now) {
        limited.happens(new Name(host, who.user(), who.executable()), why.toString(), now);
    }

    /** Looks who isn't any more. */
    void look(long now) {
        limited.look(now);
    }
}
