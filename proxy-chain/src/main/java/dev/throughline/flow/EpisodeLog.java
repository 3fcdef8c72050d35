package dev.throughline.flow;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A log of repeated events as episodes: one line at the first event, and one when none has happened for {@link #QUIET}. Not
 * thread-safe.
 */
final class EpisodeLog {
    /** The time without an event after which an episode ends. */
    static final Duration QUIET = Duration.ofMinutes(1);

    /** Maximum number of open episodes; further ones are only counted by the metrics. */
    static final int MAX = 256;

    private record Event(String subject, String effect) {
        @Override
        public String toString() {
            return subject + ": " + effect;
        }
    }

    private static final class Episode {
        private final long first;
        private long last;
        private long count;

        Episode(long first) {
            this.first = first;
        }
    }

    private final Consumer<String> log;
    private final Map<Event, Episode> episodes = new LinkedHashMap<>();

    /** Creates a log that writes its lines to {@code log}. */
    EpisodeLog(Consumer<String> log) {
        this.log = log;
    }

    /**
     * Records one event.
     *
     * @param subject the object of the event
     * @param effect the effect, in the present tense
     * @param why the cause; evaluated only if this starts an episode
     * @param now in nanoseconds
     */
    void record(String subject, String effect, Supplier<String> why, long now) {
        Event event = new Event(subject, effect);
        Episode episode = episodes.get(event);
        if (episode == null) {
            if (episodes.size() >= MAX) {
                return;
            }
            episode = new Episode(now);
            episodes.put(event, episode);
            log.accept(event + ": " + why.get());
        }
        episode.last = now;
        episode.count++;
    }

    /** Ends the episodes that were quiet for long enough. */
    void endQuiet(long now) {
        for (Iterator<Map.Entry<Event, Episode>> each = episodes.entrySet().iterator(); each.hasNext(); ) {
            Map.Entry<Event, Episode> entry = each.next();
            Episode episode = entry.getValue();
            if (now - episode.last >= QUIET.toNanos()) {
                each.remove();
                log.accept("%s: recovered: %s, %d times in %d s"
                        .formatted(
                                entry.getKey().subject,
                                entry.getKey().effect,
                                episode.count,
                                Duration.ofNanos(episode.last - episode.first).toSeconds()));
            }
        }
    }
}
