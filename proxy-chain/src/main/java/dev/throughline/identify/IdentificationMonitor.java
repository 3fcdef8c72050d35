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
 * Keeps the best evidence in force that this host allows. Notes of the kernel are begun where that is possible, and again
 * after somebody ended them; every ten seconds it looks whether anything became possible or impossible, and a change is
 * logged. It has a thread of its own, since beginning takes a tenth of a second.
 */
public final class IdentificationMonitor implements MeterBinder, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IdentificationMonitor.class);
    private static final long PAUSE_SECONDS = 10;

    private final ProcessIdentifier identifier;
    private final Supplier<TracerStartup> start;
    private final List<Consumer<Optional<ConnectTracer>>> users = new ArrayList<>();
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("evidence-watch").daemon().factory());
    private Optional<ConnectTracer> notes = Optional.empty();
    private boolean closed;
    private volatile @Nullable IdentificationStatus inForce;

    /**
     * Begins for {@code identifier}.
     *
     * @param start begins to take notes, or says why that can't be
     */
    public IdentificationMonitor(ProcessIdentifier identifier, Supplier<TracerStartup> start) {
        this.identifier = identifier;
        this.start = start;
        users.add(identifier::use);
    }

    /**
     * Has notes used by others as well; to be called before {@link #watch}.
     *
     * @param user gets the notes whenever they have begun, and empty before they are closed
     */
    public void alsoFor(Consumer<Optional<ConnectTracer>> user) {
        users.add(user);
    }

    /** What this process could name others by, found out by trying. */
    public static IdentificationStatus tried(ProcessIdentifier identifier, Supplier<TracerStartup> start) {
        try (IdentificationMonitor watch = new IdentificationMonitor(identifier, start)) {
            return watch.chosen();
        }
    }

    /** Looks now, and from now on. */
    public void watch() {
        look();
        scheduler.scheduleWithFixedDelay(
                new PeriodicTask("checking process identification", this::look),
                PAUSE_SECONDS,
                PAUSE_SECONDS,
                TimeUnit.SECONDS);
    }

    /** What is in force; empty before the first look. */
    public Optional<IdentificationStatus> inForce() {
        return Optional.ofNullable(inForce);
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
        return inForce().map(IdentificationStatus::best).equals(Optional.of(level));
    }

    /** Runs tasks on the thread that looks. */
    public Executor executor() {
        return scheduler;
    }

    void look() {
        IdentificationStatus before = inForce;
        IdentificationStatus now = chosen();
        inForce = now;
        if (now.equals(before)) {
            return;
        }
        if (before != null && before.best() == Evidence.KERNEL_CONNECT && now.best() != Evidence.KERNEL_CONNECT) {
            LOG.warn("process identification degraded from {} to {}", before.best(), now);
        } else {
            LOG.info("process identification by {}", now);
        }
    }

    private synchronized IdentificationStatus chosen() {
        if (notes.isPresent() && !areTaken(notes.get())) {
            endNotes();
        }
        List<MissingRequirement> lacks = new ArrayList<>();
        // A check that waited while this was closed must not start the tracer again: nothing would stop it.
        if (notes.isEmpty() && !closed) {
            switch (start.get()) {
                case TracerStartup.Taken(ConnectTracer taken) -> {
                    notes = Optional.of(taken);
                    users.forEach(user -> user.accept(notes));
                }
                case TracerStartup.NotTaken(String why, String hint) -> lacks.add(new MissingRequirement(why, hint));
            }
        }
        return notes.isPresent() ? byNotes(notes.get()) : bySockets(lacks);
    }

    private static IdentificationStatus byNotes(ConnectTracer taken) {
        List<MissingRequirement> lacks = new ArrayList<>();
        taken.missing().forEach(part -> lacks.add(new MissingRequirement(part.what(), part.hint())));
        lacks.addAll(hiddenProcesses());
        String reach = taken.hasProcess()
                ? "every process that connects, with its executable, even after it exits"
                : "every process that connects, without its executable";
        return IdentificationStatus.of(
                Evidence.KERNEL_CONNECT, reach + (taken.isShared() ? ", shared with other hops" : ""), lacks);
    }

    private IdentificationStatus bySockets(List<MissingRequirement> lacks) {
        if (!identifier.asksSockets()) {
            lacks.add(new MissingRequirement(
                    "sock_diag finds no socket", "load the module tcp_diag (CONFIG_INET_TCP_DIAG)"));
            return IdentificationStatus.of(Evidence.UNKNOWN, "no process can be identified", lacks);
        }
        List<MissingRequirement> hidden = hiddenProcesses();
        lacks.addAll(hidden);
        return IdentificationStatus.of(
                Evidence.SOCKET_LOOKUP,
                hidden.isEmpty()
                        ? "the only process that holds the socket, while it holds it"
                        : "the only process of this hop's own user that is seen to hold the socket; other users by uid"
                                + " only",
                lacks);
    }

    private static List<MissingRequirement> hiddenProcesses() {
        List<MissingRequirement> lacks = new ArrayList<>();
        try {
            Set<Capability> effective = Capability.effective();
            if (!effective.contains(Capability.SYS_PTRACE)) {
                lacks.add(new MissingRequirement(
                        Capability.SYS_PTRACE + " is missing", "needed to see what processes of other users run"));
            }
            if (!effective.contains(Capability.DAC_READ_SEARCH)) {
                lacks.add(new MissingRequirement(
                        Capability.DAC_READ_SEARCH + " is missing",
                        "needed to read the descriptors and executables of other users' processes"));
            }
        } catch (IOException e) {
            lacks.add(new MissingRequirement("can't read /proc: " + e.getMessage(), "mount /proc"));
        }
        return lacks;
    }

    private static boolean areTaken(ConnectTracer taken) {
        try {
            return taken.areTaken();
        } catch (IOException e) {
            return false;
        }
    }

    private void endNotes() {
        users.forEach(user -> user.accept(Optional.empty()));
        notes.ifPresent(taken -> {
            try {
                taken.close();
            } catch (IOException e) {
                LOG.warn("failed to detach the connect tracer: {}", e.toString());
            }
        });
        notes = Optional.empty();
    }

    @Override
    public void close() {
        scheduler.shutdownNow();
        synchronized (this) {
            closed = true;
            endNotes();
        }
    }
}
