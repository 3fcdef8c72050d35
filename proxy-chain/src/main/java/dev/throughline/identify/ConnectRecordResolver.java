package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.identify.ebpf.ExecRecord;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.platform.linux.SocketOwner;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongUnaryOperator;

/**
 * Identifies the process that connected from the record that the kernel made in that process's own context. Process and user
 * are those of the record, whatever became of the process since. Details from /proc are added only if they are of the same
 * instance of the process, and those of the executable only if it is still the one that ran then. exec(2) keeps pid and start
 * time; the kernel's count of it distinguishes one program from the next.
 *
 * <p>A process is read once, on a separate thread; its further flows cost a cache lookup. The kernel records the instance, its
 * user and its executable again at each connect, so a cached result is never that of an earlier state.
 */
final class ConnectRecordResolver implements AutoCloseable {
    private static final int MAX_REMEMBERED = 8192;
    private static final int MAX_WAITING = 4096;
    private static final int MAX_WAITING_PER_USER = 1024;
    private static final int MAX_COMMAND_BYTES = 256;
    private static final long NANOS_PER_TICK = 10_000_000;

    /** The cache key: while all of this is the same, a result stays valid. */
    private record Instance(
            int pid,
            ConnectRecord.Running process,
            Optional<ConnectRecord.Parent> parent,
            int uid,
            int gid,
            long cgroupId) {}

    /**
     * What doesn't change while an {@link Instance} is the same; or what may, as it was first read: the state of its
     * executable's path, its namespaces, its login, and its command line, which it may write over.
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
                CompletableFuture<Optional<Bytes>> digest,
                CompletableFuture<Optional<Bytes>> parentDigest,
                boolean cgroupIsKnown) {
            return new Named(
                    noted.command(),
                    withoutDigest,
                    digest.thenCombine(parentDigest, (own, parents) -> with(withoutDigest, own, parents)),
                    cgroupIsKnown);
        }

        private static ProcessIdentity with(ProcessIdentity who, Optional<Bytes> digest, Optional<Bytes> parentDigest) {
            ProcessContext processContext = who.processContext();
            return with(
                    who,
                    who.code().withSha256(digest),
                    processContext.withParentExecutable(processContext.parentExecutable(), parentDigest));
        }

        private static ProcessIdentity with(ProcessIdentity who, Code code, ProcessContext processContext) {
            return new ProcessIdentity(
                    who.evidence(),
                    who.system(),
                    who.process(),
                    who.credentials(),
                    code,
                    who.workload(),
                    processContext);
        }

        /** Under the name that it had when it connected. */
        ProcessIdentity as(Bytes called, ProcessIdentity who) {
            return called.equals(command)
                    ? who
                    : with(
                            who,
                            who.code().withCommand(EscapedText.of(called.toByteArray(), MAX_COMMAND_BYTES)),
                            who.processContext());
        }
    }

    /** Finds what a process was last asked to run. */
    interface Execs {
        Optional<ExecRecord> last(int pid);
    }

    /**
     * What takes a look at file systems or at the process's memory.
     *
     * @param commandLine keyed hash
     * @param parent the parent's executable
     */
    private record Slow(
            KnownExecutables.Executable executable,
            Optional<ExecutableState> state,
            Optional<Bytes> commandLine,
            KnownExecutables.Executable parent,
            Optional<String> script) {
        static final Slow UNKNOWN = new Slow(
                KnownExecutables.Executable.UNKNOWN,
                Optional.empty(),
                Optional.empty(),
                KnownExecutables.Executable.UNKNOWN,
                Optional.empty());
    }

    private final ProcessReader processes;
    private final KnownExecutables executables;
    private final Execs execs;
    private final ScriptPath scripts;
    private final CgroupPaths cgroups;
    private final Users users;
    private final Bytes bootId;
    private final IdentifyLimits limits;
    private final LongUnaryOperator owners;
    private final FairWorker reader;
    /**
     * A cache of futures, so that each process is read once. {@link Cache#get} can't be used: a refused task completes another
     * entry's future, and with it that entry's removal, on the thread that adds an entry.
     */
    private final Cache<Instance, CompletableFuture<Named>> known =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();

    ConnectRecordResolver(
            ProcessReader processes,
            KnownExecutables executables,
            Execs execs,
            ScriptPath scripts,
            CgroupPaths cgroups,
            Users users,
            Bytes bootId,
            IdentifyLimits limits,
            LongUnaryOperator owners) {
        this.processes = processes;
        this.executables = executables;
        this.execs = execs;
        this.scripts = scripts;
        this.cgroups = cgroups;
        this.users = users;
        this.bootId = bootId;
        this.limits = limits;
        this.owners = owners;
        this.reader = new FairWorker("process-reader", MAX_WAITING_PER_USER, MAX_WAITING);
        reader.execute(0, new Preparation(executables));
    }

    private record Preparation(KnownExecutables executables) implements FairWorker.Task {
        @Override
        public void run() {
            executables.prepare();
        }

        @Override
        public void refused() {}
    }

    /** Runs a task on the thread that reads processes. */
    void execute(Runnable task) {
        reader.execute(task);
    }

    /** Names the process that {@code noted} is of, with its socket as it was noted. */
    CompletableFuture<SocketIdentity> name(ConnectRecord noted) {
        ConnectRecord.Made socket = noted.socket().orElseThrow();
        return name(noted, OptionalInt.of(socket.mark()), OptionalInt.of(socket.uid()));
    }

    /** Names the process that {@code noted} is of, whose socket is {@code socket} if there still is one. */
    CompletableFuture<SocketIdentity> name(ConnectRecord noted, Optional<SocketOwner> socket) {
        OptionalInt mark = socket.map(SocketOwner::mark).orElse(OptionalInt.empty());
        OptionalInt uid = socket.filter(owner -> !owner.isOrphaned())
                .map(owner -> OptionalInt.of(owner.uid()))
                .orElse(OptionalInt.of(noted.uid()));
        return name(noted, mark, uid);
    }

    private CompletableFuture<SocketIdentity> name(ConnectRecord noted, OptionalInt mark, OptionalInt uid) {
        CompletableFuture<Named> named = named(noted);
        if (named.isDone()) {
            return withDigest(noted, named.join(), mark, uid);
        }
        return named.copy()
                .completeOnTimeout(notedOnly(noted), limits.processDeadline().toNanos(), TimeUnit.NANOSECONDS)
                .thenCompose(process -> withDigest(noted, process, mark, uid));
    }

    private CompletableFuture<SocketIdentity> withDigest(
            ConnectRecord noted, Named named, OptionalInt mark, OptionalInt uid) {
        if (named.identity.isDone()) {
            return CompletableFuture.completedFuture(
                    new SocketIdentity(named.as(noted.command(), named.identity.join()), mark, uid));
        }
        Duration deadline = limits.digestDeadline();
        return named.identity
                .copy()
                .completeOnTimeout(named.withoutDigest, deadline.toNanos(), TimeUnit.NANOSECONDS)
                .thenApply(who -> new SocketIdentity(named.as(noted.command(), who), mark, uid));
    }

    private static ProcessIdentity identity(
            ConnectRecord noted,
            ProcessId id,
            Slow slow,
            Optional<FileId> file,
            Workload workload,
            ProcessContext processContext) {
        return new ProcessIdentity(
                Evidence.KERNEL_CONNECT,
                OperatingSystem.LINUX,
                Optional.of(id),
                Optional.of(credentials(noted)),
                new Code(
                        slow.executable.path(),
                        Optional.empty(),
                        EscapedText.of(noted.command().toByteArray(), MAX_COMMAND_BYTES),
                        file,
                        slow.state,
                        AppleSignature.UNKNOWN,
                        slow.script),
                workload,
                processContext.withParentExecutable(slow.parent.path(), Optional.empty()));
    }

    private CompletableFuture<Named> named(ConnectRecord noted) {
        if (noted.process().isEmpty()) {
            // The executable that ran then is unknown, so an earlier result could be that of another.
            CompletableFuture<Named> read = new CompletableFuture<>();
            readSoon(noted, read);
            return read;
        }
        Instance instance = new Instance(
                noted.pid(), noted.process().get(), noted.parent(), noted.uid(), noted.gid(), noted.cgroupId());
        CompletableFuture<Named> read = new CompletableFuture<>();
        // The first caller reads; those on other event loops wait for the same result.
        CompletableFuture<Named> earlier = known.asMap().putIfAbsent(instance, read);
        if (earlier != null) {
            return earlier;
        }
        readSoon(noted, read);
        // If the hash or the control group is missing, a later flow tries again.
        var _ = read.thenCompose(named -> named.identity.thenAccept(who -> {
            if (who.code().sha256().isEmpty() || !named.cgroupIsKnown) {
                known.asMap().remove(instance, read);
            }
        }));
        return read;
    }

    private void readSoon(ConnectRecord noted, CompletableFuture<Named> named) {
        reader.execute(owners.applyAsLong(user(noted)), new FairWorker.Task() {
            @Override
            public void run() {
                try {
                    var _ = read(noted)
                            .whenComplete((read, failed) -> named.complete(failed == null ? read : notedOnly(noted)));
                } catch (RuntimeException e) {
                    named.complete(notedOnly(noted));
                    throw e;
                }
            }

            @Override
            public void refused() {
                named.complete(notedOnly(noted));
            }
        });
    }

    /** Nothing that is done here at once can hang: what may is left to others, and given up in time. */
    private CompletableFuture<Named> read(ConnectRecord noted) {
        Optional<ProcessReader.Reading> now =
                processes.read(noted.pid(), Map.of()).filter(read -> isSame(read.view(), noted));
        Optional<ProcessReader.Reading> unchanged = now.filter(read -> runsStill(read, noted));
        Optional<CgroupName> cgroup = cgroup(noted, now);
        Optional<String> userName = users.name(noted.uid());
        return slow(noted, now, unchanged).thenApply(slow -> {
            ProcessIdentity who = identity(
                    noted,
                    now.map(read -> read.view().id()).orElse(notedId(noted)),
                    slow,
                    slow.executable
                            .file()
                            .or(() -> noted.process()
                                    .map(process -> process.program().id())),
                    cgroup.orElse(CgroupName.UNKNOWN)
                            .workload(
                                    bootId,
                                    now.map(read -> read.view().namespaces()).orElse(Namespaces.UNKNOWN)),
                    new ProcessContext(
                            userName,
                            parent(noted, now),
                            slow.commandLine,
                            now.map(read -> read.view().audit()).orElse(Audit.UNKNOWN)));
            return Named.of(noted, who, slow.executable.digest(), slow.parent.digest(), cgroup.isPresent());
        });
    }

    private CompletableFuture<Slow> slow(
            ConnectRecord noted, Optional<ProcessReader.Reading> now, Optional<ProcessReader.Reading> unchanged) {
        now.flatMap(ProcessReader.Reading::program).ifPresent(this::remember);
        CompletableFuture<Slow> all = executable(noted, unchanged)
                .thenCombine(
                        unchanged.map(ProcessReader.Reading::path).orElse(done(ExecutablePath.UNKNOWN)),
                        (executable, path) -> new Slow(
                                executable,
                                path.state(),
                                Optional.empty(),
                                KnownExecutables.Executable.UNKNOWN,
                                Optional.empty()));
        // Another program has another command line, and so has another run of the same one.
        CompletableFuture<Optional<Bytes>> commandLine = unchanged
                .filter(read -> hasSameImage(read.view(), noted))
                .map(ProcessReader.Reading::commandLine)
                .orElse(done(Optional.empty()));
        return all.thenCombine(
                        commandLine,
                        (slow, line) -> new Slow(slow.executable, slow.state, line, slow.parent, slow.script))
                .thenCombine(
                        parentExecutable(noted),
                        (slow, parent) -> new Slow(slow.executable, slow.state, slow.commandLine, parent, slow.script))
                .thenCombine(
                        script(noted),
                        (slow, script) -> new Slow(slow.executable, slow.state, slow.commandLine, slow.parent, script));
    }

    private static <T> CompletableFuture<T> done(T value) {
        return CompletableFuture.completedFuture(value);
    }

    private void remember(ProcessReader.Program running) {
        var _ = running.path().thenAccept(path -> {
            if (path.state().isEmpty()) {
                path.text().ifPresent(text -> executables.remember(running.id(), text));
            }
        });
    }

    /** The script for which the executable is the interpreter, if the last exec(2) before the connect was asked for one. */
    private CompletableFuture<Optional<String>> script(ConnectRecord noted) {
        return noted.process()
                .flatMap(process -> execs.last(noted.pid())
                        .filter(exec ->
                                exec.startBootNanos() == process.startBootNanos() && exec.execId() == process.execId()))
                .map(scripts::of)
                .orElse(done(Optional.empty()));
    }

    private CompletableFuture<KnownExecutables.Executable> parentExecutable(ConnectRecord noted) {
        if (noted.parent().isEmpty() || noted.parent().get().program().isEmpty()) {
            return done(KnownExecutables.Executable.UNKNOWN);
        }
        ConnectRecord.Parent parent = noted.parent().get();
        ExecutableId id = ExecutableId.of(parent.program().get());
        Optional<ProcessReader.Program> running = processes
                .program(parent.pid(), parent.startTicks(), user(noted))
                .filter(program -> program.id().mayBeOf(id));
        running.ifPresent(this::remember);
        return running.map(ConnectRecordResolver::executable)
                .orElseGet(() -> executables.find(id, Bytes.EMPTY, user(noted)));
    }

    private static long user(ConnectRecord noted) {
        return Integer.toUnsignedLong(noted.uid());
    }

    private static Optional<ProcessId> parent(ConnectRecord noted, Optional<ProcessReader.Reading> now) {
        return noted.parent()
                .map(parent -> new ProcessId(parent.pid(), parent.startTicks()))
                .or(() -> now.flatMap(ProcessReader.Reading::parent));
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

    /** A pid that was given again is of a process that started later. */
    private static boolean isSame(ProcessView view, ConnectRecord noted) {
        return noted.process()
                .map(process -> view.id().startTime() == process.startTicks())
                .orElse(view.id().startTime() <= noted.bootNanos() / NANOS_PER_TICK);
    }

    /** Whether what runs now is what ran when the process connected. Where that wasn't noted, nothing tells. */
    private static boolean runsStill(ProcessReader.Reading now, ConnectRecord noted) {
        return noted.process().isPresent()
                && now.program()
                        .map(program -> program.id()
                                .mayBeOf(ExecutableId.of(noted.process().get().program())))
                        .orElse(false);
    }

    /** Whether the process hasn't called exec(2) since, with the same executable either. */
    private boolean hasSameImage(ProcessView now, ConnectRecord noted) {
        ConnectRecord.Running then = noted.process().orElseThrow();
        ProcessView.Image image = new ProcessView.Image(then.startStack(), then.argumentsStart());
        return image.isKnown()
                && image.equals(now.image())
                && execs.last(noted.pid())
                        .filter(exec -> exec.startBootNanos() == then.startBootNanos())
                        .map(exec -> exec.execId() == then.execId())
                        .orElse(true);
    }

    /** The executable that ran when the process connected; another one may run now. */
    private CompletableFuture<KnownExecutables.Executable> executable(
            ConnectRecord noted, Optional<ProcessReader.Reading> unchanged) {
        return unchanged
                .flatMap(ProcessReader.Reading::program)
                .map(ConnectRecordResolver::executable)
                .or(() -> noted.process()
                        .map(process ->
                                executables.find(ExecutableId.of(process.program()), noted.command(), user(noted))))
                .orElse(done(KnownExecutables.Executable.UNKNOWN));
    }

    private static CompletableFuture<KnownExecutables.Executable> executable(ProcessReader.Program running) {
        return running.path()
                .thenApply(path -> new KnownExecutables.Executable(
                        path.text(), Optional.of(running.file().version().id()), running.digest()));
    }

    /** What can be said without /proc. */
    private Named notedOnly(ConnectRecord noted) {
        ProcessIdentity who = identity(
                noted,
                notedId(noted),
                Slow.UNKNOWN,
                noted.process().map(process -> process.program().id()),
                CgroupName.UNKNOWN.workload(bootId, Namespaces.UNKNOWN),
                new ProcessContext(Optional.empty(), parent(noted, Optional.empty()), Optional.empty(), Audit.UNKNOWN));
        return Named.of(noted, who, done(Optional.empty()), done(Optional.empty()), false);
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
        reader.close();
    }
}
