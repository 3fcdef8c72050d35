package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.ebpf.ConnectRecord;
import dev.throughline.header.Bytes;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Person;
import dev.throughline.originator.Placement;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.os.SocketOwner;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Says who connected, from what the kernel noted in that process's own context. Process and user are what was noted, whatever
 * became of the process since; what /proc adds is taken only from the same instance, and of the executable only if it is
 * still the one that ran then.
 *
 * <p>A process is read once, on a thread of its own; its further flows cost a look into a table. The kernel notes the
 * instance, its user and its executable anew with each connect, so what is remembered is never what was before.
 */
final class CallerNaming implements AutoCloseable {
    private static final int MAX_REMEMBERED = 8192;
    private static final int MAX_WAITING = 4096;
    private static final int MAX_COMMAND_BYTES = 256;
    private static final long NANOS_PER_TICK = 10_000_000;

    /** A process as it was when it connected: as long as all of this is the same, so is what was read of it. */
    private record Instance(int pid, ConnectRecord.Running process, int uid, int gid, long cgroupId) {}

    /**
     * What doesn't change while an {@link Instance} is the same; or what may, as it was first read: the state of its
     * executable's path, its parent, its namespaces, its login, and its command line, which it may write over and which
     * changes when it runs the same executable anew.
     *
     * @param command under which it was known when it was read; it may call itself otherwise at each connect
     * @param withoutDigest all that is said of it, but for its executable's hash
     * @param identity all that is said of it, once its executable is hashed
     * @param cgroupIsKnown unless its control group was gone, or couldn't be searched for yet
     */
    private record Named(
            Bytes command,
            ProcessIdentity withoutDigest,
            CompletableFuture<ProcessIdentity> identity,
            boolean cgroupIsKnown) {
        static Named of(
                ConnectRecord noted,
                ProcessIdentity withoutDigest,
                KnownExecutables.Executable executable,
                boolean cgroupIsKnown) {
            return new Named(
                    noted.command(),
                    withoutDigest,
                    executable.digest().thenApply(digest -> with(withoutDigest, digest)),
                    cgroupIsKnown);
        }

        private static ProcessIdentity with(ProcessIdentity who, Optional<Bytes> digest) {
            Code code = who.code();
            return with(
                    who,
                    new Code(code.executable(), digest, code.command(), code.file(), code.state(), code.signature()));
        }

        private static ProcessIdentity with(ProcessIdentity who, Code code) {
            return new ProcessIdentity(
                    who.evidence(),
                    who.system(),
                    who.process(),
                    who.credentials(),
                    code,
                    who.placement(),
                    who.person());
        }

        /** Under the name that it had when it connected. */
        ProcessIdentity as(Bytes called, ProcessIdentity who) {
            if (called.equals(command)) {
                return who;
            }
            Code code = who.code();
            return with(
                    who,
                    new Code(
                            code.executable(),
                            code.sha256(),
                            KernelText.of(called.toByteArray(), MAX_COMMAND_BYTES),
                            code.file(),
                            code.state(),
                            code.signature()));
        }
    }

    private final ProcessReader processes;
    private final KnownExecutables executables;
    private final CgroupPaths cgroups;
    private final Users users;
    private final Bytes bootId;
    private final IdentifyLimits limits;
    private final ThreadPoolExecutor reader;
    private final Cache<Instance, CompletableFuture<Named>> known =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();

    CallerNaming(
            ProcessReader processes,
            KnownExecutables executables,
            CgroupPaths cgroups,
            Users users,
            Bytes bootId,
            IdentifyLimits limits) {
        this.processes = processes;
        this.executables = executables;
        this.cgroups = cgroups;
        this.users = users;
        this.bootId = bootId;
        this.limits = limits;
        this.reader = new ThreadPoolExecutor(
                1,
                1,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(MAX_WAITING),
                Thread.ofPlatform().name("process-reader").daemon().factory());
    }

    /** Names the process that {@code noted} is of, with its socket as it was noted. */
    CompletableFuture<LocalOwner> name(ConnectRecord noted) {
        ConnectRecord.Made socket = noted.socket().orElseThrow();
        return name(noted, OptionalInt.of(socket.mark()), OptionalInt.of(socket.uid()));
    }

    /** Names the process that {@code noted} is of, whose socket is {@code socket} if there still is one. */
    CompletableFuture<LocalOwner> name(ConnectRecord noted, Optional<SocketOwner> socket) {
        OptionalInt mark = socket.map(SocketOwner::mark).orElse(OptionalInt.empty());
        OptionalInt uid = socket.filter(owner -> !owner.isOrphaned())
                .map(owner -> OptionalInt.of(owner.uid()))
                .orElse(OptionalInt.of(noted.uid()));
        return name(noted, mark, uid);
    }

    private CompletableFuture<LocalOwner> name(ConnectRecord noted, OptionalInt mark, OptionalInt uid) {
        CompletableFuture<Named> named = named(noted);
        if (named.isDone()) {
            return withDigest(noted, named.join(), mark, uid);
        }
        return named.copy()
                .completeOnTimeout(notedOnly(noted), limits.processDeadline().toNanos(), TimeUnit.NANOSECONDS)
                .thenCompose(process -> withDigest(noted, process, mark, uid));
    }

    private CompletableFuture<LocalOwner> withDigest(
            ConnectRecord noted, Named named, OptionalInt mark, OptionalInt uid) {
        if (named.identity.isDone()) {
            return CompletableFuture.completedFuture(
                    new LocalOwner(named.as(noted.command(), named.identity.join()), mark, uid));
        }
        Duration deadline = limits.digestDeadline();
        return named.identity
                .copy()
                .completeOnTimeout(named.withoutDigest, deadline.toNanos(), TimeUnit.NANOSECONDS)
                .thenApply(who -> new LocalOwner(named.as(noted.command(), who), mark, uid));
    }

    private static ProcessIdentity identity(
            ConnectRecord noted,
            ProcessId id,
            KnownExecutables.Executable executable,
            Optional<FileId> file,
            Optional<ExecutableState> state,
            Placement placement,
            Person person) {
        return new ProcessIdentity(
                Evidence.KERNEL_CONNECT,
                OperatingSystem.LINUX,
                Optional.of(id),
                Optional.of(credentials(noted)),
                new Code(
                        executable.path(),
                        Optional.empty(),
                        KernelText.of(noted.command().toByteArray(), MAX_COMMAND_BYTES),
                        file,
                        state,
                        AppleSignature.UNKNOWN),
                placement,
                person);
    }

    private CompletableFuture<Named> named(ConnectRecord noted) {
        if (noted.process().isEmpty()) {
            // Nothing says which executable ran then: what was read before could be of another.
            return readSoon(noted);
        }
        Instance instance =
                new Instance(noted.pid(), noted.process().get(), noted.uid(), noted.gid(), noted.cgroupId());
        CompletableFuture<Named> before = known.getIfPresent(instance);
        if (before != null) {
            return before;
        }
        CompletableFuture<Named> read = readSoon(noted);
        known.put(instance, read);
        // Without its hash or its control group, for whatever reason, a later flow tries again.
        var _ = read.thenCompose(named -> named.identity.thenAccept(who -> {
            if (who.code().sha256().isEmpty() || !named.cgroupIsKnown) {
                known.asMap().remove(instance, read);
            }
        }));
        return read;
    }

    private CompletableFuture<Named> readSoon(ConnectRecord noted) {
        CompletableFuture<Named> named = new CompletableFuture<>();
        try {
            reader.execute(() -> {
                try {
                    named.complete(read(noted));
                } finally {
                    named.complete(notedOnly(noted));
                }
            });
        } catch (RejectedExecutionException tooMany) {
            return CompletableFuture.completedFuture(notedOnly(noted));
        }
        return named;
    }

    private Named read(ConnectRecord noted) {
        Optional<ProcessReader.Reading> now =
                processes.read(noted.pid(), Map.of()).filter(read -> isSame(read.view(), noted));
        Optional<ProcessReader.Reading> unchanged = now.filter(read -> runsStill(read.view(), noted));
        Optional<CgroupName> cgroup = cgroup(noted, now);
        Optional<String> userName = users.name(noted.uid());
        KnownExecutables.Executable executable = executable(noted, now, unchanged);
        ProcessIdentity who = identity(
                noted,
                now.map(read -> read.view().id()).orElse(notedId(noted)),
                executable,
                file(noted, unchanged),
                unchanged.flatMap(read -> read.path().state()),
                cgroup.orElse(CgroupName.UNKNOWN)
                        .placement(
                                bootId,
                                now.map(read -> read.view().namespaces()).orElse(Namespaces.UNKNOWN)),
                person(userName, now, unchanged));
        return Named.of(noted, who, executable, cgroup.isPresent());
    }

    /**
     * The group that was noted. Names that only another hierarchy gives (version 1) are those of the process now, if it is
     * still in that group.
     */
    private Optional<CgroupName> cgroup(ConnectRecord noted, Optional<ProcessReader.Reading> now) {
        Optional<CgroupName> current = now.flatMap(read -> read.view().cgroup());
        Optional<String> path = current.flatMap(CgroupName::path);
        return cgroups.find(noted.cgroupId(), path).map(then -> then.path().equals(path) ? current.orElse(then) : then);
    }

    /** Another program has another command line. */
    private static Person person(
            Optional<String> userName, Optional<ProcessReader.Reading> now, Optional<ProcessReader.Reading> unchanged) {
        return new Person(
                userName,
                now.flatMap(ProcessReader.Reading::parent),
                unchanged.flatMap(ProcessReader.Reading::commandLine),
                now.map(read -> read.view().audit()).orElse(Audit.UNKNOWN));
    }

    /** A pid that was given again is of a process that started later. */
    private static boolean isSame(ProcessView view, ConnectRecord noted) {
        return noted.process()
                .map(process -> view.id().startTime() == process.startTicks())
                .orElse(view.id().startTime() <= noted.bootNanos() / NANOS_PER_TICK);
    }

    /** Whether what runs now is what ran when the process connected. Where that wasn't noted, only its name could tell. */
    private static boolean runsStill(ProcessView now, ConnectRecord noted) {
        Optional<ExecutableId> running = now.executable().map(ExecutableId::of);
        return noted.process().isPresent()
                ? running.equals(noted.process().map(ExecutableId::of))
                : running.isPresent()
                        && now.command().equals(KernelText.of(noted.command().toByteArray(), MAX_COMMAND_BYTES));
    }

    /** The executable that ran when the process connected; another one may run now. */
    private KnownExecutables.Executable executable(
            ConnectRecord noted, Optional<ProcessReader.Reading> now, Optional<ProcessReader.Reading> unchanged) {
        now.flatMap(read -> read.view().executable())
                .ifPresent(running -> executables.remember(ExecutableId.of(running), executable(now.get())));
        return noted.process().isPresent()
                ? executables.find(ExecutableId.of(noted.process().get()), noted.command())
                : unchanged.map(CallerNaming::executable).orElse(KnownExecutables.Executable.UNKNOWN);
    }

    private static KnownExecutables.Executable executable(ProcessReader.Reading read) {
        return new KnownExecutables.Executable(read.path().text(), read.digest());
    }

    /** The file that ran when the process connected. */
    private static Optional<FileId> file(ConnectRecord noted, Optional<ProcessReader.Reading> unchanged) {
        return noted.process().isPresent()
                ? noted.process().map(ConnectRecord.Running::file)
                : unchanged.flatMap(read -> read.view().executable()).map(FileVersion::id);
    }

    /** What can be said without /proc. */
    private Named notedOnly(ConnectRecord noted) {
        ProcessIdentity who = identity(
                noted,
                notedId(noted),
                KnownExecutables.Executable.UNKNOWN,
                noted.process().map(ConnectRecord.Running::file),
                Optional.empty(),
                CgroupName.UNKNOWN.placement(bootId, Namespaces.UNKNOWN),
                Person.UNKNOWN);
        return Named.of(noted, who, KnownExecutables.Executable.UNKNOWN, false);
    }

    /** Those that were noted: a process may have taken others since. */
    private static Credentials credentials(ConnectRecord noted) {
        return new Credentials(
                noted.uid(),
                noted.process().map(ConnectRecord.Running::effectiveUid).orElse(Credentials.NOT_KNOWN),
                noted.gid());
    }

    private static ProcessId notedId(ConnectRecord noted) {
        return new ProcessId(
                noted.pid(),
                noted.process().map(ConnectRecord.Running::startTicks).orElse(ProcessId.START_NOT_KNOWN));
    }

    /** Flows that wait are named at their deadline. */
    @Override
    public void close() {
        reader.shutdownNow();
    }
}
