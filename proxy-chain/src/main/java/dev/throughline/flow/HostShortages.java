package dev.throughline.flow;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * What this host has no more of: descriptors, ports, memory for sockets. It is logged once when something begins to be
 * short and once when it isn't any more; the metrics count. Safe for use by several threads.
 */
public final class HostShortages {
    /** For how long after an accept that failed this hop should get no new flows. */
    private static final Duration RECENT = Duration.ofSeconds(5);

    /** A place where something is short. */
    private record Place(String name, String effect) {}

    private static final class Words implements Spells.Words<Place> {
        @Override
        public String begin(Place place, String why) {
            return place.name + ": " + place.effect + ": " + why;
        }

        @Override
        public String end(Place place, long count, long seconds) {
            return "%s: no longer so: %s, %d times in %d s".formatted(place.name, place.effect, count, seconds);
        }
    }

    private final Spells<Place> episodes;
    private long refused;
    private long refusedAt;

    /** With {@code log} for what there is to say. */
    public HostShortages(Consumer<String> log) {
        this.episodes = new Spells<>(new Words(), log);
    }

    /** A connection to {@code listener} was reset unserved, or can't be accepted yet. */
    synchronized void accept(String listener, String why) {
        refused++;
        refusedAt = System.nanoTime();
        episodes.happens(new Place(listener, "connections are refused unserved"), why, refusedAt);
    }

    /** A connection onwards can't be opened, and there is no other way for its flow. */
    synchronized void onward(String transport, String reason, String why) {
        episodes.happens(new Place("transport " + transport, "flows end with " + reason), why, System.nanoTime());
    }

    /** Conntrack's table is full, or nearly. */
    public synchronized void conntrack(String why) {
        episodes.happens(
                new Place("conntrack", "the kernel drops new connections of all applications"), why, System.nanoTime());
    }

    synchronized void endEpisodes(long now) {
        episodes.look(now);
    }

    /** How many connections were refused unserved so far, or had to wait in the kernel. */
    public synchronized long refusedAccepts() {
        return refused;
    }

    /** Whether connections were refused unserved a moment ago. */
    public synchronized boolean isRefusing() {
        return refused > 0 && System.nanoTime() - refusedAt < RECENT.toNanos();
    }
}
