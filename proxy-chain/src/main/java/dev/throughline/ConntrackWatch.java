package dev.throughline;

import dev.throughline.flow.HostShortages;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.os.ConntrackUsage;
import dev.throughline.os.PeriodicTask;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A check that the conntrack table isn't almost full. The hop's rules need it, and any program of the host can fill it.
 */
final class ConntrackWatch {
    /** The usage from which the hop isn't ready. */
    static final int FULL_PERCENT = 95;

    private final Supplier<Optional<ConntrackUsage>> usage;
    private final HostShortages shortages;
    private volatile Optional<ConntrackUsage> full = Optional.empty();

    ConntrackWatch(Supplier<Optional<ConntrackUsage>> usage, HostShortages shortages) {
        this.usage = usage;
        this.shortages = shortages;
    }

    /** Starts checking every second. */
    ConntrackWatch start(ScheduledExecutorService scheduler, HopMetrics metrics) {
        metrics.gauge(
                "throughline.conntrack.entries",
                "Connections that conntrack tracks in this network namespace",
                () -> usage.get().map(ConntrackUsage::entries).orElse(0L));
        metrics.gauge(
                "throughline.conntrack.capacity",
                "Connections that conntrack can track (nf_conntrack_max)",
                () -> usage.get().map(ConntrackUsage::capacity).orElse(0L));
        scheduler.scheduleWithFixedDelay(new PeriodicTask("checking conntrack", this::check), 0, 1, TimeUnit.SECONDS);
        return this;
    }

    void check() {
        full = usage.get().filter(now -> now.isAt(FULL_PERCENT));
        full.ifPresent(now -> shortages.conntrack(now.toString()));
    }

    /** Returns why the hop isn't ready; empty if the table has space. */
    Optional<String> problem() {
        return full.map(now -> now + ": the kernel drops new ones of all applications");
    }
}
