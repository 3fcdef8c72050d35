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
 * Shortages of this host's resources: descriptors, ports, socket memory. Each is logged once when it starts, with the user who
 * has the most flows, and once when it ends; metrics count the events. Thread-safe.
 */
public final class HostShortages implements MeterBinder {
    /** The time after a shortage during which this hop reports that it should get no new flows. */
    private static final Duration RECENT = Duration.ofSeconds(5);

    private static final Duration PROBE = Duration.ofSeconds(1);

    private final Supplier<Optional<String>> largestHolder;
    private final EpisodeLog episodes;
    private long refused;
    private @Nullable String recent;
    private long recentAt;
    private long probedAt = System.nanoTime();

    /**
     * Creates a log without shortages.
     *
     * @param largestHolder returns the user with the most flows, in words
     * @param log writes a line
     */
    public HostShortages(Supplier<Optional<String>> largestHolder, Consumer<String> log) {
        this.largestHolder = largestHolder;
        this.episodes = new EpisodeLog(log);
    }

    /** Records that a connection to {@code listener} was reset or can't be accepted yet. */
    synchronized void accept(String listener, String why) {
        refused++;
        setRecent("connections are reset: no descriptor or memory is left");
        record(listener, "connections are reset", why, recentAt);
    }

    /** Records that an upstream connection can't be opened and its flow has no other transport. */
    synchronized void upstream(String transport, ConnectFailure failure, String why) {
        if (failure == ConnectFailure.NO_DESCRIPTORS) {
            setRecent("flows end with " + failure + ": " + why);
        }
        record("transport " + transport, "flows end with " + failure, why, System.nanoTime());
    }

    /** Records that no source port is left to a next hop. Other flows to it will fail as well. */
    synchronized void ports(String hop, String why) {
        setRecent("no source port is left to hop " + hop + ": " + why);
    }

    /** Records that the buffers are full and flows of the user who holds most are closed. */
    synchronized void buffers(String why) {
        setRecent("buffers are full: " + why);
        record("buffers", "flows are closed with " + CloseReason.MEMORY_PRESSURE, why, recentAt);
    }

    /** Checks once a second whether a descriptor is left: identification, logs and the admin interface need them too. */
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
                setRecent("no descriptor is left: " + SystemError.shortage(errno));
                record("hop", "no descriptor is left", SystemError.shortage(errno), recentAt);
            }
        }
    }

    private void record(String subject, String effect, String why, long now) {
        episodes.record(subject, effect, () -> withLargestHolder(why), now);
    }

    private String withLargestHolder(String text) {
        return text + largestHolder.get().map(most -> "; " + most).orElse("");
    }

    private void setRecent(String what) {
        recent = what;
        recentAt = System.nanoTime();
    }

    /** Records that the conntrack table is full or nearly full. */
    public synchronized void conntrack(String why) {
        record("conntrack", "the kernel drops new connections of all applications", why, System.nanoTime());
    }

    synchronized void endEpisodes(long now) {
        episodes.endQuiet(now);
    }

    /** Returns how many connections were reset unserved or had to wait in the kernel. */
    public synchronized long refusedAccepts() {
        return refused;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.accepts.refused", this, HostShortages::refusedAccepts)
                .description("Connections that were reset for lack of a file descriptor or of kernel memory")
                .register(registry);
    }

    /** Returns the shortage of a moment ago, with the user who has the most flows; empty if there was none. */
    public Optional<String> recent() {
        String what;
        synchronized (this) {
            what = System.nanoTime() - recentAt < RECENT.toNanos() ? recent : null;
        }
        return Optional.ofNullable(what).map(this::withLargestHolder);
    }
}
