package dev.throughline.identify;

import dev.throughline.ebpf.ConnectNotes;
import dev.throughline.ebpf.NotesStart;
import dev.throughline.identify.EvidenceInForce.Lack;
import dev.throughline.originator.Evidence;
import dev.throughline.os.Capability;
import dev.throughline.os.PeriodicTask;
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
public final class EvidenceWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EvidenceWatch.class);
    private static final long PAUSE_SECONDS = 10;

    private final ProcessIdentifier identifier;
    private final Supplier<NotesStart> start;
    private final List<Consumer<Optional<ConnectNotes>>> users = new ArrayList<>();
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("evidence-watch").daemon().factory());
    private Optional<ConnectNotes> notes = Optional.empty();
    private boolean closed;
    private volatile @Nullable EvidenceInForce inForce;

    /**
     * Begins for {@code identifier}.
     *
     * @param start begins to take notes, or says why that can't be
     */
    public EvidenceWatch(ProcessIdentifier identifier, Supplier<NotesStart> start) {
        this.identifier = identifier;
        this.start = start;
        users.add(identifier::use);
    }

    /**
     * Has notes used by others as well; to be called before {@link #watch}.
     *
     * @param user gets the notes whenever they have begun, and empty before they are closed
     */
    public void alsoFor(Consumer<Optional<ConnectNotes>> user) {
        users.add(user);
    }

    /** What this process could name others by, found out by trying. */
    public static EvidenceInForce tried(ProcessIdentifier identifier, Supplier<NotesStart> start) {
        try (EvidenceWatch watch = new EvidenceWatch(identifier, start)) {
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
    public Optional<EvidenceInForce> inForce() {
        return Optional.ofNullable(inForce);
    }

    /** Runs tasks on the thread that looks. */
    public Executor executor() {
        return scheduler;
    }

    void look() {
        EvidenceInForce before = inForce;
        EvidenceInForce now = chosen();
        inForce = now;
        if (now.equals(before)) {
            return;
        }
        if (before != null && before.best() == Evidence.KERNEL_CONNECT && now.best() != Evidence.KERNEL_CONNECT) {
            LOG.warn("processes are no longer named by {}, but by {}", before.best(), now);
        } else {
            LOG.info("processes are named by {}", now);
        }
    }

    private synchronized EvidenceInForce chosen() {
        if (notes.isPresent() && !areTaken(notes.get())) {
            endNotes();
        }
        List<Lack> lacks = new ArrayList<>();
        // A look that waited while this was closed must not begin anew: nobody would end it.
        if (notes.isEmpty() && !closed) {
            switch (start.get()) {
                case NotesStart.Taken(ConnectNotes taken) -> {
                    notes = Optional.of(taken);
                    users.forEach(user -> user.accept(notes));
                }
                case NotesStart.NotTaken(String why, String hint) -> lacks.add(new Lack(why, hint));
            }
        }
        return notes.isPresent() ? byNotes(notes.get()) : bySockets(lacks);
    }

    private static EvidenceInForce byNotes(ConnectNotes taken) {
        List<Lack> lacks = new ArrayList<>();
        taken.missing().forEach(part -> lacks.add(new Lack(part.what(), part.hint())));
        lacks.addAll(hiddenProcesses());
        String reach = taken.hasProcess()
                ? "whoever connects, with the executable, also of a process that is gone"
                : "whoever connects, without the executable";
        return EvidenceInForce.of(
                Evidence.KERNEL_CONNECT, reach + (taken.isShared() ? ", shared with other hops" : ""), lacks);
    }

    private EvidenceInForce bySockets(List<Lack> lacks) {
        if (!identifier.asksSockets()) {
            lacks.add(new Lack("sock_diag finds no socket", "the module tcp_diag (CONFIG_INET_TCP_DIAG) is needed"));
            return EvidenceInForce.of(Evidence.UNKNOWN, "nobody can be named", lacks);
        }
        List<Lack> hidden = hiddenProcesses();
        lacks.addAll(hidden);
        return EvidenceInForce.of(
                Evidence.SOCKET_LOOKUP,
                hidden.isEmpty()
                        ? "the process that alone holds the socket, while it does"
                        : "the process of this hop's own user that alone is seen to hold the socket, whoever more may; of"
                                + " others uid-only",
                lacks);
    }

    private static List<Lack> hiddenProcesses() {
        List<Lack> lacks = new ArrayList<>();
        try {
            Set<Capability> effective = Capability.effective();
            if (!effective.contains(Capability.SYS_PTRACE)) {
                lacks.add(new Lack("no " + Capability.SYS_PTRACE, "it lets see what processes of other users run"));
            }
            if (!effective.contains(Capability.DAC_READ_SEARCH)) {
                lacks.add(new Lack(
                        "no " + Capability.DAC_READ_SEARCH,
                        "it lets see the descriptors of other users' processes, and read their executables"));
            }
        } catch (IOException e) {
            lacks.add(new Lack("/proc can't be read: " + e.getMessage(), "is it mounted?"));
        }
        return lacks;
    }

    private static boolean areTaken(ConnectNotes taken) {
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
                LOG.warn("the kernel's notes could not be put away: {}", e.toString());
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
