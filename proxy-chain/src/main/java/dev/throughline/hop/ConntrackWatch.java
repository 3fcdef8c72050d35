package dev.throughline.hop;

import dev.throughline.flow.HostShortages;
import dev.throughline.platform.PeriodicTask;
import dev.throughline.platform.linux.ConntrackUsage;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A watch on conntrack's table, which the hop's rules need. Any program on the host can fill it. */
final class ConntrackWatch implements MeterBinder {
    /** A hop is not ready while at least this part of the table is in use. */
    static final int FULL_PERCENT = 95;

    private final Supplier<Optional<ConntrackUsage>> usage;
    private final HostShortages shortages;
    private volatile Optional<ConntrackUsage> full = Optional.empty();

    ConntrackWatch(Supplier<Optional<ConntrackUsage>> usage, HostShortages shortages) {
        this.usage = usage;
        this.shortages = shortages;
    }

    /** Checks every second from now on. */
    ConntrackWatch start(ScheduledExecutorService scheduler) {
        scheduler.scheduleWithFixedDelay(new PeriodicTask("checking conntrack", this::check), 0, 1, TimeUnit.SECONDS);
        return this;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder(
                        "throughline.conntrack.entries",
                        usage,
                        now -> now.get().map(ConntrackUsage::entries).orElse(0L))
                .description("Connections that conntrack tracks in this network namespace")
                .register(registry);
        Gauge.builder(
                        "throughline.conntrack.capacity",
                        usage,
                        now -> now.get().map(ConntrackUsage::capacity).orElse(0L))
                .description("Connections that conntrack can track (nf_conntrack_max)")
                .register(registry);
    }

    void check() {
        full = usage.get().filter(now -> now.isAt(FULL_PERCENT));
        full.ifPresent(now -> shortages.conntrack(now.toString()));
    }

    /** Returns why the hop is not ready, if so. */
    Optional<String> problem() {
        return full.map(now -> now + ": the kernel drops new ones of all applications");
    }
}
