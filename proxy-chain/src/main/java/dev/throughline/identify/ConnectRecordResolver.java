package dev.throughline.identify;

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
import org.jspecify.annotations.Nullable;

/**
 * A resolver of the kernel's connect records, which are made in the context of the process that connects. Process and user
 * always come from the record. Details from /proc are added only if they belong to the same process instance, and details of
 * the executable only if it is still the recorded one. exec(2) keeps pid and start time; the kernel's count of exec(2) calls
 * distinguishes one program from the next.
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

    /**
     * The cache key: a result is valid while all of it is the same.
     *
     * @param parent null if unknown
     */
    private record Instance(
            int pid,
            ConnectRecord.ProcessState process,
            ConnectRecord.@Nullable Parent parent,
            int uid,
            int gid,
            long cgroupId) {
        static Instance of(ConnectRecord record, ConnectRecord.ProcessState process) {
            return new Instance(
                    record.pid(), process, record.parent().orElse(null), record.uid(), record.gid(), record.cgroupId());
        }

        // Written out: the generated ones are slow without the optimizing compiler, and these run for each flow.
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Instance that
                    && pid == that.pid
                    && uid == that.uid
                    && gid == that.gid
                    && cgroupId == that.cgroupId
                    && process.equals(that.process)
                    && (parent == null ? that.parent == null : parent.equals(that.parent));
        }

        @Override
        public int hashCode() {
            return 31 * (31 * pid + uid) + process.hashCode();
        }
    }

    /**
     * The cached identity of an {@link Instance}. Some parts may change during its life and are those of the first read: the
     * state of the executable's path, the namespaces, the login, and the command line, which a process can overwrite.
     *
     * @param command the command name when it was read; a process can change it before each connect
     * @param withoutDigest the identity without the digest of the executable
     * @param identity the complete identity, once its executable is hashed
     * @param cgroupIsKnown false if its cgroup was deleted, or couldn't be searched for yet
     */
    private record CachedIdentity(
            Bytes command,
            ProcessIdentity withoutDigest,
            CompletableFuture<ProcessIdentity> identity,
            boolean cgroupIsKnown) {
        static CachedIdentity of(
                ConnectRecord record,
                ProcessIdentity withoutDigest,
                CompletableFuture<Optional<Bytes>> digest,
                CompletableFuture<Optional<Bytes>> parentDigest,
                boolean cgroupIsKnown) {
            return new CachedIdentity(
                    record.command(),
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

        /** Returns an identity with the command name that was recorded at the connect. */
        ProcessIdentity as(Bytes called, ProcessIdentity who) {
            return called.equals(command)
                    ? who
                    : with(
                            who,
                            who.code().withCommand(EscapedText.of(called.toByteArray(), MAX_COMMAND_BYTES)),
                            who.processContext());
        }
    }

    /** A source of records of exec(2). */
    interface Execs {
        Optional<ExecRecord> last(int pid);
    }

    /**
     * Details whose reads may hang in a file system or in the process's memory.
     *
     * @param commandLine keyed hash of the command line
     * @param parent executable of the parent
     */
    private record SlowDetails(
            KnownExecutables.Executable executable,
            Optional<ExecutableState> state,
            Optional<Bytes> commandLine,
            KnownExecutables.Executable parent,
            Optional<String> script) {
        static final SlowDetails UNKNOWN = new SlowDetails(
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
    /** A cache of futures, so that each process is read once. */
    private final RecentMap<Instance, CompletableFuture<CachedIdentity>> known = new RecentMap<>(MAX_REMEMBERED);

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

    /** Returns the identity for a record, with the socket as recorded. */
    CompletableFuture<SocketIdentity> name(ConnectRecord record) {
        ConnectRecord.SocketInfo socket = record.socket().orElseThrow();
        return name(record, OptionalInt.of(socket.mark()), OptionalInt.of(socket.uid()));
    }

    /** Returns the identity for a record and its socket, if that still exists. */
    CompletableFuture<SocketIdentity> name(ConnectRecord record, Optional<SocketOwner> socket) {
        OptionalInt mark = socket.map(SocketOwner::mark).orElse(OptionalInt.empty());
        OptionalInt uid = socket.filter(owner -> !owner.isOrphaned())
                .map(owner -> OptionalInt.of(owner.uid()))
                .orElse(OptionalInt.of(record.uid()));
        return name(record, mark, uid);
    }

    private CompletableFuture<SocketIdentity> name(ConnectRecord record, OptionalInt mark, OptionalInt uid) {
        CompletableFuture<CachedIdentity> cached = cached(record);
        if (cached.isDone()) {
            return withDigest(record, cached.join(), mark, uid);
        }
        return cached.copy()
                .completeOnTimeout(recordOnly(record), limits.processDeadline().toNanos(), TimeUnit.NANOSECONDS)
                .thenCompose(process -> withDigest(record, process, mark, uid));
    }

    private CompletableFuture<SocketIdentity> withDigest(
            ConnectRecord record, CachedIdentity cached, OptionalInt mark, OptionalInt uid) {
        if (cached.identity.isDone()) {
            return CompletableFuture.completedFuture(
                    new SocketIdentity(cached.as(record.command(), cached.identity.join()), mark, uid));
        }
        Duration deadline = limits.digestDeadline();
        return cached.identity
                .copy()
                .completeOnTimeout(cached.withoutDigest, deadline.toNanos(), TimeUnit.NANOSECONDS)
                .thenApply(who -> new SocketIdentity(cached.as(record.command(), who), mark, uid));
    }

    private static ProcessIdentity identity(
            ConnectRecord record,
            ProcessId id,
            SlowDetails slow,
            Optional<FileId> file,
            Workload workload,
            ProcessContext processContext) {
        return new ProcessIdentity(
                Evidence.KERNEL_CONNECT,
                OperatingSystem.LINUX,
                Optional.of(id),
                Optional.of(credentials(record)),
                new Code(
                        slow.executable.path(),
                        Optional.empty(),
                        EscapedText.of(record.command().toByteArray(), MAX_COMMAND_BYTES),
                        file,
                        slow.state,
                        AppleSignature.UNKNOWN,
                        slow.script),
                workload,
                processContext.withParentExecutable(slow.parent.path(), Optional.empty()));
    }

    private CompletableFuture<CachedIdentity> cached(ConnectRecord record) {
        if (record.process().isEmpty()) {
            // The recorded executable is unknown, so an earlier result could belong to another one.
            CompletableFuture<CachedIdentity> read = new CompletableFuture<>();
            readSoon(record, read);
            return read;
        }
        Instance instance = Instance.of(record, record.process().get());
        CompletableFuture<CachedIdentity> earlier = known.get(instance);
        return earlier != null ? earlier : cached(record, instance);
    }

    private CompletableFuture<CachedIdentity> cached(ConnectRecord record, Instance instance) {
        CompletableFuture<CachedIdentity> read = new CompletableFuture<>();
        // The first caller reads; callers on other event loops wait for the same result.
        CompletableFuture<CachedIdentity> earlier = known.putIfAbsent(instance, read);
        if (earlier != null) {
            return earlier;
        }
        readSoon(record, read);
        // If the hash or the cgroup is missing, a later flow tries again.
        var _ = read.thenCompose(cached -> cached.identity.thenAccept(who -> {
            if (who.code().sha256().isEmpty() || !cached.cgroupIsKnown) {
                known.remove(instance, read);
            }
        }));
        return read;
    }

    private void readSoon(ConnectRecord record, CompletableFuture<CachedIdentity> cached) {
        reader.execute(owners.applyAsLong(user(record)), new FairWorker.Task() {
            @Override
            public void run() {
                try {
                    var _ = read(record)
                            .whenComplete(
                                    (read, failed) -> cached.complete(failed == null ? read : recordOnly(record)));
                } catch (RuntimeException e) {
                    cached.complete(recordOnly(record));
                    throw e;
                }
            }

            @Override
            public void refused() {
                cached.complete(recordOnly(record));
            }
        });
    }

    /** Reads a process. Nothing here blocks: reads that may hang run on other threads, with a deadline. */
    private CompletableFuture<CachedIdentity> read(ConnectRecord record) {
        Optional<ProcessReader.Reading> now =
                processes.read(record.pid(), Map.of()).filter(read -> isSame(read.view(), record));
        Optional<ProcessReader.Reading> unchanged = now.filter(read -> runsStill(read, record));
        Optional<CgroupName> cgroup = cgroup(record, now);
        Optional<String> userName = users.name(record.uid());
        return slow(record, now, unchanged).thenApply(slow -> {
            ProcessIdentity who = identity(
                    record,
                    now.map(read -> read.view().id()).orElse(recordedId(record)),
                    slow,
                    slow.executable
                            .file()
                            .or(() -> record.process()
                                    .map(process -> process.program().id())),
                    cgroup.orElse(CgroupName.UNKNOWN)
                            .workload(
                                    bootId,
                                    now.map(read -> read.view().namespaces()).orElse(Namespaces.UNKNOWN)),
                    new ProcessContext(
                            userName,
                            parent(record, now),
                            slow.commandLine,
                            now.map(read -> read.view().audit()).orElse(Audit.UNKNOWN)));
            return CachedIdentity.of(record, who, slow.executable.digest(), slow.parent.digest(), cgroup.isPresent());
        });
    }

    private CompletableFuture<SlowDetails> slow(
            ConnectRecord record, Optional<ProcessReader.Reading> now, Optional<ProcessReader.Reading> unchanged) {
        now.flatMap(ProcessReader.Reading::program).ifPresent(this::remember);
        CompletableFuture<SlowDetails> all = executable(record, unchanged)
                .thenCombine(
                        unchanged.map(ProcessReader.Reading::path).orElse(done(ExecutablePath.UNKNOWN)),
                        (executable, path) -> new SlowDetails(
                                executable,
                                path.state(),
                                Optional.empty(),
                                KnownExecutables.Executable.UNKNOWN,
                                Optional.empty()));
        // A command line belongs to one exec(2), even of the same program.
        CompletableFuture<Optional<Bytes>> commandLine = unchanged
                .filter(read -> hasSameImage(read.view(), record))
                .map(ProcessReader.Reading::commandLine)
                .orElse(done(Optional.empty()));
        return all.thenCombine(
                        commandLine,
                        (slow, line) -> new SlowDetails(slow.executable, slow.state, line, slow.parent, slow.script))
                .thenCombine(
                        parentExecutable(record),
                        (slow, parent) ->
                                new SlowDetails(slow.executable, slow.state, slow.commandLine, parent, slow.script))
                .thenCombine(
                        script(record),
                        (slow, script) ->
                                new SlowDetails(slow.executable, slow.state, slow.commandLine, slow.parent, script));
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

    /** Returns the script that the executable interprets, if the last exec(2) before the connect was of a script. */
    private CompletableFuture<Optional<String>> script(ConnectRecord record) {
        return record.process()
                .flatMap(process -> execs.last(record.pid())
                        .filter(exec ->
                                exec.startBootNanos() == process.startBootNanos() && exec.execId() == process.execId()))
                .map(scripts::of)
                .orElse(done(Optional.empty()));
    }

    private CompletableFuture<KnownExecutables.Executable> parentExecutable(ConnectRecord record) {
        if (record.parent().isEmpty() || record.parent().get().program().isEmpty()) {
            return done(KnownExecutables.Executable.UNKNOWN);
        }
        ConnectRecord.Parent parent = record.parent().get();
        ExecutableId id = ExecutableId.of(parent.program().get());
        Optional<ProcessReader.Program> running = processes
                .program(parent.pid(), parent.startTicks(), user(record))
                .filter(program -> program.id().mayBeOf(id));
        running.ifPresent(this::remember);
        return running.map(ConnectRecordResolver::executable)
                .orElseGet(() -> executables.find(id, Bytes.EMPTY, user(record)));
    }

    private static long user(ConnectRecord record) {
        return Integer.toUnsignedLong(record.uid());
    }

    private static Optional<ProcessId> parent(ConnectRecord record, Optional<ProcessReader.Reading> now) {
        return record.parent()
                .map(parent -> new ProcessId(parent.pid(), parent.startTicks()))
                .or(() -> now.flatMap(ProcessReader.Reading::parent));
    }

    /**
     * Returns the recorded cgroup. Names that only another hierarchy has (version 1) are the process's current ones, if it is
     * still in that cgroup.
     */
    private Optional<CgroupName> cgroup(ConnectRecord record, Optional<ProcessReader.Reading> now) {
        Optional<CgroupName> current = now.flatMap(read -> read.view().cgroup());
        Optional<String> path = current.flatMap(CgroupName::path);
        return cgroups.find(record.cgroupId(), path)
                .map(then -> then.path().equals(path) ? current.orElse(then) : then);
    }

    /** Returns whether the pid still belongs to the recorded process: one that reuses it started later. */
    private static boolean isSame(ProcessView view, ConnectRecord record) {
        return record.process()
                .map(process -> view.id().startTime() == process.startTicks())
                .orElse(view.id().startTime() <= record.bootNanos() / NANOS_PER_TICK);
    }

    /** Returns whether the executable that runs now is the recorded one. False if none was recorded. */
    private static boolean runsStill(ProcessReader.Reading now, ConnectRecord record) {
        return record.process().isPresent()
                && now.program()
                        .map(program -> program.id()
                                .mayBeOf(ExecutableId.of(record.process().get().program())))
                        .orElse(false);
    }

    /** Returns whether the process hasn't called exec(2) since the connect, not even for the same executable. */
    private boolean hasSameImage(ProcessView now, ConnectRecord record) {
        ConnectRecord.ProcessState then = record.process().orElseThrow();
        ProcessView.Image image = new ProcessView.Image(then.startStack(), then.argumentsStart());
        return image.isKnown()
                && image.equals(now.image())
                && execs.last(record.pid())
                        .filter(exec -> exec.startBootNanos() == then.startBootNanos())
                        .map(exec -> exec.execId() == then.execId())
                        .orElse(true);
    }

    /** Returns the recorded executable; another one may run now. */
    private CompletableFuture<KnownExecutables.Executable> executable(
            ConnectRecord record, Optional<ProcessReader.Reading> unchanged) {
        return unchanged
                .flatMap(ProcessReader.Reading::program)
                .map(ConnectRecordResolver::executable)
                .or(() -> record.process()
                        .map(process ->
                                executables.find(ExecutableId.of(process.program()), record.command(), user(record))))
                .orElse(done(KnownExecutables.Executable.UNKNOWN));
    }

    private static CompletableFuture<KnownExecutables.Executable> executable(ProcessReader.Program running) {
        return running.path()
                .thenApply(path -> new KnownExecutables.Executable(
                        path.text(), Optional.of(running.file().version().id()), running.digest()));
    }

    /** Returns the identity that needs nothing from /proc. */
    private CachedIdentity recordOnly(ConnectRecord record) {
        ProcessIdentity who = identity(
                record,
                recordedId(record),
                SlowDetails.UNKNOWN,
                record.process().map(process -> process.program().id()),
                CgroupName.UNKNOWN.workload(bootId, Namespaces.UNKNOWN),
                new ProcessContext(
                        Optional.empty(), parent(record, Optional.empty()), Optional.empty(), Audit.UNKNOWN));
        return CachedIdentity.of(record, who, done(Optional.empty()), done(Optional.empty()), false);
    }

    /** Returns the recorded credentials: the process may have changed them since. */
    private static Credentials credentials(ConnectRecord record) {
        return new Credentials(
                record.uid(),
                record.process().map(ConnectRecord.ProcessState::effectiveUid).orElse(Credentials.NOT_KNOWN),
                record.gid());
    }

    private static ProcessId recordedId(ConnectRecord record) {
        return new ProcessId(
                record.pid(),
                record.process().map(ConnectRecord.ProcessState::startTicks).orElse(ProcessId.START_NOT_KNOWN));
    }

    /** Ends the thread. Waiting flows get their answer at their deadline. */
    @Override
    public void close() {
        reader.close();
    }
}
