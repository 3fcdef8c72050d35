package dev.throughline.flow;

import dev.throughline.transport.ConnectFailure;
import dev.throughline.transport.SystemError;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What this host has no more of: descriptors, ports, memory for sockets. It is logged once when something begins to be
 * short, with the user who has most flows, and once when it isn't any more; the metrics count. Safe for use by several threads.
 */
public final class HostShortages implements MeterBinder {
    /** For how long after a shortage this hop should get no new flows. */
    private static final Duration RECENT = Duration.ofSeconds(5);

    private static final Duration PROBE = Duration.ofSeconds(1);

    private final Supplier<Optional<String>> largestHolder;
    private final EpisodeLog episodes;
    private long refused;
    private @Nullable String lacking;
    private long lackedAt;
    private long probedAt = System.nanoTime();

    /**
     * No shortages yet.
     *
     * @param largestHolder returns who has most flows, in words
     * @param log for what there is to say
     */
    public HostShortages(Supplier<Optional<String>> largestHolder, Consumer<String> log) {
        this.largestHolder = largestHolder;
        this.episodes = new EpisodeLog(log);
    }

    /** A connection to {@code listener} was reset unserved, or can't be accepted yet. */
    synchronized void accept(String listener, String why) {
        refused++;
        lacks("connections are reset: no descriptor or memory is left");
        record(listener, "connections are reset", why, lackedAt);
    }

    /** An upstream connection can't be opened, and its flow has no other transport. */
    synchronized void upstream(String transport, ConnectFailure failure, String why) {
        if (failure == ConnectFailure.NO_DESCRIPTORS) {
            lacks("flows end with " + failure + ": " + why);
        }
        record("transport " + transport, "flows end with " + failure, why, System.nanoTime());
    }

    /** No source port is left towards a next hop, to which other flows would go as well. */
    synchronized void ports(String hop, String why) {
        lacks("no source port is left to hop " + hop + ": " + why);
    }

    /** The buffers of all flows are full, and flows of the user who holds most are closed. */
    synchronized void buffers(String why) {
        lacks("buffers are full: " + why);
        record("buffers", "flows are closed with " + CloseReason.MEMORY_PRESSURE, why, lackedAt);
    }

    /** Notices once a second that no descriptor is left, also while only identification, logs and the admin interface need one. */
    synchronized void probe(long now) {
        if (now - probedAt < PROBE.toNanos()) {
            return;
        }
        probedAt = now;
        try {
            FileDescriptor.from("/dev/null").close();
        } catch (IOException e) {
            int errno = SystemError.of(e).orElse(0);
            if (SystemError.isOfDescriptors(errno)) {
                lacks("no descriptor is left: " + SystemError.shortage(errno));
                record("hop", "no descriptor is left", SystemError.shortage(errno), lackedAt);
            }
        }
    }

    private void record(String subject, String effect, String why, long now) {
        episodes.record(subject, effect, () -> withLargestHolder(why), now);
    }

    private String withLargestHolder(String text) {
        return text + largestHolder.get().map(most -> "; " + most).orElse("");
    }

    private void lacks(String what) {
        lacking = what;
        lackedAt = System.nanoTime();
    }

    /** Conntrack's table is full, or nearly. */
    public synchronized void conntrack(String why) {
        record("conntrack", "the kernel drops new connections of all applications", why, System.nanoTime());
    }

    synchronized void endEpisodes(long now) {
        episodes.endQuiet(now);
    }

    /** How many connections were refused unserved so far, or had to wait in the kernel. */
    public synchronized long refusedAccepts() {
        return refused;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.accepts.refused", this, HostShortages::refusedAccepts)
                .description("Connections that were reset for lack of a file descriptor or of kernel memory")
                .register(registry);
    }

    /** Returns what this hop lacked a moment ago, so that it should get no new flows, and who has most flows; empty if nothing. */
    public Optional<String> lacking() {
        String what;
        synchronized (this) {
            what = System.nanoTime() - lackedAt < RECENT.toNanos() ? lacking : null;
        }
        return Optional.ofNullable(what).map(this::withLargestHolder);
    }
}
