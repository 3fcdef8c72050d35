package dev.throughline.flow;

import dev.throughline.budget.Claimant;
import dev.throughline.budget.Shortage;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Who didn't get the place that it asked for, executable by executable: said once when that begins, and once when it hasn't
 * happened for {@link #QUIET}. Not thread-safe.
 */
final class LimitedOriginators {
    /** Whoever was limited isn't any more after so long. */
    static final Duration QUIET = Duration.ofMinutes(1);

    /** Of more at once nothing is said: the metrics count them. */
    static final int MAX = 256;

    /** An executable of one user of one host. */
    private record Name(String host, String user, String executable) {
        @Override
        public String toString() {
            return executable + " of user " + user + " on " + host;
        }
    }

    private static final class Times {
        private final long first;
        private long last;
        private long count;

        Times(long first) {
            this.first = first;
        }
    }

    private final Consumer<String> log;
    private final Map<Name, Times> limited = new LinkedHashMap<>();

    /** With {@code log} for what there is to say. */
    LimitedOriginators(Consumer<String> log) {
        this.log = log;
    }

    /** A flow of {@code who}, on the host that people call {@code host}, has to wait or is refused. */
    void limited(Claimant who, String host, Shortage why, long now) {
        Name name = new Name(host, who.user(), who.executable());
        Times times = limited.get(name);
        if (times == null) {
            if (limited.size() >= MAX) {
                return;
            }
            times = new Times(now);
            limited.put(name, times);
            log.accept(name + " is limited: " + why);
        }
        times.last = now;
        times.count++;
    }

    /** Looks who isn't any more. */
    void look(long now) {
        for (Iterator<Map.Entry<Name, Times>> each = limited.entrySet().iterator(); each.hasNext(); ) {
            Map.Entry<Name, Times> entry = each.next();
            Times times = entry.getValue();
            if (now - times.last >= QUIET.toNanos()) {
                each.remove();
                log.accept("%s is no longer limited: %d of its flows were, in %d s"
                        .formatted(
                                entry.getKey(),
                                times.count,
                                Duration.ofNanos(times.last - times.first).toSeconds()));
            }
        }
    }
}
