package dev.throughline.identify;

import dev.throughline.identify.IdentificationStatus.MissingRequirement;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.identify.ebpf.TracerStartup;
import dev.throughline.originator.Evidence;
import dev.throughline.platform.PeriodicTask;
import dev.throughline.platform.linux.Capability;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A monitor that keeps the best evidence available. It starts the connect tracer where possible, and again after it was
 * detached. Every ten seconds it checks what is possible, and logs changes. It has a thread of its own, since starting takes a
 * tenth of a second.
 */
public final class IdentificationMonitor implements MeterBinder, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IdentificationMonitor.class);
    private static final long PAUSE_SECONDS = 10;

    private final ProcessIdentifier identifier;
    private final Supplier<TracerStartup> start;
    private final List<Consumer<Optional<ConnectTracer>>> users = new ArrayList<>();
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("evidence-watch").daemon().factory());
    private Optional<ConnectTracer> tracer = Optional.empty();
    private boolean closed;
    private volatile @Nullable IdentificationStatus status;

    /**
     * Creates a monitor for {@code identifier}.
     *
     * @param start starts the tracer, or returns why it can't
     */
    public IdentificationMonitor(ProcessIdentifier identifier, Supplier<TracerStartup> start) {
        this.identifier = identifier;
        this.start = start;
        users.add(identifier::use);
    }

    /**
     * Adds another user of the tracer; must be called before {@link #watch}.
     *
     * @param user gets the tracer whenever it has started, and empty before it is closed
     */
    public void addUser(Consumer<Optional<ConnectTracer>> user) {
        users.add(user);
    }

    /** Returns the best evidence that this process could use, found by trying. */
    public static IdentificationStatus probe(ProcessIdentifier identifier, Supplier<TracerStartup> start) {
        try (IdentificationMonitor watch = new IdentificationMonitor(identifier, start)) {
            return watch.chooseEvidence();
        }
    }

    /** Checks now, and then periodically. */
    public void watch() {
        check();
        scheduler.scheduleWithFixedDelay(
                new PeriodicTask("checking process identification", this::check),
                PAUSE_SECONDS,
                PAUSE_SECONDS,
                TimeUnit.SECONDS);
    }

    /** Returns the current status; empty before the first check. */
    public Optional<IdentificationStatus> status() {
        return Optional.ofNullable(status);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (Evidence level : IdentificationStatus.LEVELS) {
            Gauge.builder("throughline.identify.evidence", this, monitor -> monitor.isBest(level) ? 1 : 0)
                    .description("1 for the best evidence with which processes of this host are identified now")
                    .tag("level", level.toString())
                    .register(registry);
        }
    }

    private boolean isBest(Evidence level) {
        return status().map(IdentificationStatus::best).equals(Optional.of(level));
    }

    /** Returns the executor of the checks. */
    public Executor executor() {
        return scheduler;
    }

    void check() {
        IdentificationStatus before = status;
        IdentificationStatus now = chooseEvidence();
        status = now;
        if (now.equals(before)) {
            return;
        }
        if (before != null && before.best() == Evidence.KERNEL_CONNECT && now.best() != Evidence.KERNEL_CONNECT) {
            LOG.warn("process identification degraded from {} to {}", before.best(), now);
        } else {
            LOG.info("process identification by {}", now);
        }
    }

    private synchronized IdentificationStatus chooseEvidence() {
        if (tracer.isPresent() && !isAttached(tracer.get())) {
            stopTracer();
        }
        List<MissingRequirement> missing = new ArrayList<>();
        // A check that waited while this was closed must not start the tracer again: nothing would stop it.
        if (tracer.isEmpty() && !closed) {
            switch (start.get()) {
                case TracerStartup.Started(ConnectTracer started) -> {
                    tracer = Optional.of(started);
                    users.forEach(user -> user.accept(tracer));
                }
                case TracerStartup.Unavailable(String why, String hint) ->
                    missing.add(new MissingRequirement(why, hint));
            }
        }
        return tracer.isPresent() ? byTracer(tracer.get()) : bySockets(missing);
    }

    private static IdentificationStatus byTracer(ConnectTracer started) {
        List<MissingRequirement> missing = new ArrayList<>();
        started.missing().forEach(part -> missing.add(new MissingRequirement(part.what(), part.hint())));
        missing.addAll(hiddenProcesses());
        String reach = started.hasProcess()
                ? "every process that connects, with its executable, even after it exits"
                : "every process that connects, without its executable";
        return IdentificationStatus.of(
                Evidence.KERNEL_CONNECT, reach + (started.isShared() ? ", shared with other hops" : ""), missing);
    }

    private IdentificationStatus bySockets(List<MissingRequirement> missing) {
        if (!identifier.findsSockets()) {
            missing.add(new MissingRequirement(
                    "sock_diag finds no socket", "load the module tcp_diag (CONFIG_INET_TCP_DIAG)"));
            return IdentificationStatus.of(Evidence.UNKNOWN, "no process can be identified", missing);
        }
        List<MissingRequirement> hidden = hiddenProcesses();
        missing.addAll(hidden);
        return IdentificationStatus.of(
                Evidence.SOCKET_LOOKUP,
                hidden.isEmpty()
                        ? "the only process that holds the socket, while it holds it"
                        : "the only process of this hop's own user that is seen to hold the socket; other users by uid"
                                + " only",
                missing);
    }

    private static List<MissingRequirement> hiddenProcesses() {
        List<MissingRequirement> missing = new ArrayList<>();
        try {
            Set<Capability> effective = Capability.effective();
            if (!effective.contains(Capability.SYS_PTRACE)) {
                missing.add(new MissingRequirement(
                        Capability.SYS_PTRACE + " is missing", "needed to see what processes of other users run"));
            }
            if (!effective.contains(Capability.DAC_READ_SEARCH)) {
                missing.add(new MissingRequirement(
                        Capability.DAC_READ_SEARCH + " is missing",
                        "needed to read the descriptors and executables of other users' processes"));
            }
        } catch (IOException e) {
            missing.add(new MissingRequirement("can't read /proc: " + e.getMessage(), "mount /proc"));
        }
        return missing;
    }

    private static boolean isAttached(ConnectTracer started) {
        try {
            return started.isAttached();
        } catch (IOException e) {
            return false;
        }
    }

    private void stopTracer() {
        users.forEach(user -> user.accept(Optional.empty()));
        tracer.ifPresent(started -> {
            try {
                started.close();
            } catch (IOException e) {
                LOG.warn("failed to detach the connect tracer: {}", e.toString());
            }
        });
        tracer = Optional.empty();
    }

    @Override
    public void close() {
        scheduler.shutdownNow();
        synchronized (this) {
            closed = true;
            stopTracer();
        }
    }
}
