package dev.throughline.flow;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What happens again and again for a while: said once when it begins, and once when it hasn't happened for {@link #QUIET}. Not
 * thread-safe.
 *
 * @param <K> what it happens to
 */
final class EpisodeLog<K> {
    /** Whatever has happened doesn't any more after so long. */
    static final Duration QUIET = Duration.ofMinutes(1);

    /** Of more at once nothing is said: the metrics count them. */
    static final int MAX = 256;

    /** What is said. */
    interface Words<K> {
        String begin(K what, String why);

        String end(K what, long count, long seconds);
    }

    private static final class Times {
        private final long first;
        private long last;
        private long count;

        Times(long first) {
            this.first = first;
        }
    }

    private final Words<K> words;
    private final Consumer<String> log;
    private final Map<K, Times> spells = new LinkedHashMap<>();

    /** With {@code log} for what there is to say. */
    EpisodeLog(Words<K> words, Consumer<String> log) {
        this.words = words;
        this.log = log;
    }

    /** It happens to {@code what}, on the clock of {@code now}. */
    void happens(K what, String why, long now) {
        Times times = spells.get(what);
        if (times == null) {
            if (spells.size() >= MAX) {
                return;
            }
            times = new Times(now);
            spells.put(what, times);
            log.accept(words.begin(what, why));
        }
        times.last = now;
        times.count++;
    }

    /** Looks to what it doesn't happen any more. */
    void look(long now) {
        for (Iterator<Map.Entry<K, Times>> each = spells.entrySet().iterator(); each.hasNext(); ) {
            Map.Entry<K, Times> entry = each.next();
            Times times = entry.getValue();
            if (now - times.last >= QUIET.toNanos()) {
                each.remove();
                log.accept(words.end(
                        entry.getKey(),
                        times.count,
                        Duration.ofNanos(times.last - times.first).toSeconds()));
            }
        }
    }
}
