package dev.throughline.identify;

import com.google.common.base.CharMatcher;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Streams;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.identify.ebpf.ExecRecord;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.platform.linux.BootClock;
import dev.throughline.platform.linux.LocalAddresses;
import dev.throughline.platform.linux.NetworkNamespace;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.SocketDiag;
import dev.throughline.platform.linux.SocketOwner;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The resolver of the process that opened a TCP flow. Thread-safe. A call costs a few microseconds and may be made on
 * an event loop; the search for the process runs on other threads and is limited by {@link IdentifyLimits}.
 *
 * <p>With the connect tracer it returns the process that called connect(2), with the executable that ran then. Without it, a
 * process that alone held the socket shortly after, with its executable at that moment. That is the one that opened the socket,
 * with one exception: a process of the same user in the same cgroup, which was given the socket before the opener closed it,
 * can't be distinguished. Such processes can act for each other anyway (ptrace(2)).
 */
public final class ProcessIdentifier implements OwnerResolver, MeterBinder, AutoCloseable {
    private final LocalAddresses addresses;
    private final SocketDiag sockets;
    private final ExecutableDigests digests;
    private final BoundedReads reads;
    private final ProcScanner search;
    private final UnixPeerResolver peers;
    /** Empty on a kernel without SO_NETNS_COOKIE. */
    private final OptionalLong networkNamespace;

    private final Bytes bootId;
    private final IdentifyLimits limits;
    private final Optional<CommandLineHash> commandLines;
    private final LongSupplier bootTicks;
    private final LongUnaryOperator owners;
    private final LongAdder lookups = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private volatile Optional<ConnectRecords> records = Optional.empty();

    private ProcessIdentifier(
            LocalAddresses addresses,
            SocketDiag sockets,
            ExecutableDigests digests,
            BoundedReads reads,
            ProcScanner search,
            UnixPeerResolver peers,
            OptionalLong networkNamespace,
            Bytes bootId,
            IdentifyLimits limits,
            Optional<CommandLineHash> commandLines,
            LongSupplier bootTicks,
            LongUnaryOperator owners) {
        this.addresses = addresses;
        this.sockets = sockets;
        this.digests = digests;
        this.reads = reads;
        this.search = search;
        this.peers = peers;
        this.networkNamespace = networkNamespace;
        this.bootId = bootId;
        this.limits = limits;
        this.commandLines = commandLines;
        this.bootTicks = bootTicks;
        this.owners = owners;
    }

    /**
     * Creates an identifier for the network namespace of the calling thread.
     *
     * @param commandLines hashes command lines, if configured
     * @throws IOException if the kernel has no netlink(7) or /proc isn't mounted
     */
    public static ProcessIdentifier open(IdentifyLimits limits, Optional<CommandLineHash> commandLines)
            throws IOException {
        return open(limits, commandLines, new BootClock()::ticks);
    }

    /** Creates an identifier without hashes of command lines. */
    public static ProcessIdentifier open(IdentifyLimits limits) throws IOException {
        return open(limits, Optional.empty());
    }

    static ProcessIdentifier open(IdentifyLimits limits, Optional<CommandLineHash> commandLines, LongSupplier bootTicks)
            throws IOException {
        Bytes bootId = Bytes.ofHex(
                CharMatcher.anyOf("-\n").removeFrom(Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))));
        SocketCgroup cgroup = SocketCgroup.own();
        OptionalLong networkNamespace = networkNamespace();
        LocalAddresses addresses = LocalAddresses.open();
        SocketDiag sockets;
        try {
            sockets = SocketDiag.open();
        } catch (OsException e) {
            addresses.close();
            throw e;
        }
        LongUnaryOperator owners = SubordinateUids.ofThisHost()::owner;
        ExecutableDigests digests = new ExecutableDigests(owners);
        BoundedReads reads = new BoundedReads("bounded-read", limits.readDeadline());
        ProcScanner search = new ProcScanner(
                limits,
                new SocketIdentityResolver(
                        new ProcessReader(digests, commandLines, reads),
                        Users.ofThisHost(),
                        bootId,
                        limits.digestDeadline(),
                        cgroup),
                owners);
        search.start();
        UnixPeerResolver peers = new UnixPeerResolver(
                new ProcessReader(digests, commandLines, reads), Users.ofThisHost(), bootId, limits, bootTicks, owners);
        return new ProcessIdentifier(
                addresses,
                sockets,
                digests,
                reads,
                search,
                peers,
                networkNamespace,
                bootId,
                limits,
                commandLines,
                bootTicks,
                owners);
    }

    /**
     * Starts to use the connect tracer as well, or stops using it.
     *
     * @param tracer the tracer, if it runs; not closed here
     */
    public void use(Optional<ConnectTracer> tracer) {
        Optional<ConnectRecords> before = records;
        records = networkNamespace.isPresent() ? tracer.map(this::records) : Optional.empty();
        before.ifPresent(ConnectRecords::close);
    }

    private ConnectRecords records(ConnectTracer tracer) {
        return new ConnectRecords(
                tracer,
                networkNamespace.getAsLong(),
                new ConnectRecordResolver(
                        new ProcessReader(digests, commandLines, reads),
                        new KnownExecutables(digests, reads),
                        pid -> lastExec(tracer, pid),
                        new ScriptPath(reads),
                        new CgroupPaths(tracer.cgroup(), System::nanoTime),
                        Users.ofThisHost(),
                        bootId,
                        limits,
                        owners));
    }

    /** Returns the last exec(2); empty also if the kernel can't be queried. */
    private static Optional<ExecRecord> lastExec(ConnectTracer tracer, int pid) {
        try {
            return tracer.lastExec(pid);
        } catch (OsException e) {
            return Optional.empty();
        }
    }

    private static OptionalLong networkNamespace() {
        try {
            return OptionalLong.of(NetworkNamespace.cookie());
        } catch (OsException e) {
            return OptionalLong.empty();
        }
    }

    /** Returns whether the kernel finds sockets, found by trying. */
    boolean findsSockets() {
        return sockets.isAvailable();
    }

    /**
     * Identifies the process that holds the application's end of a TCP flow. The future completes within the limits, never
     * exceptionally, on the calling thread or on a thread of this object that must not be blocked: continue on the flow's own
     * event loop.
     *
     * @param tuple the application's source and the destination that it requested, not the listener's address
     * @throws IllegalArgumentException if the tuple isn't TCP
     */
    @Override
    public CompletableFuture<SocketIdentity> identify(Tuple tuple) {
        lookups.increment();
        try {
            Optional<ConnectRecords> current = records;
            ConnectRecord record = current.isPresent() ? record(current.get(), tuple) : null;
            if (record != null) {
                return current.get().name(record);
            }
            Optional<SocketOwner> socket = sockets.find(tuple);
            // With an address of another host, it is the socket of a transparent proxy.
            boolean isHere = socket.map(SocketOwner::bearsHostsAddress).orElse(false)
                    || addresses.contains(tuple.source().getAddress());
            if (!isHere) {
                return CompletableFuture.completedFuture(SocketIdentity.remote());
            }
            Optional<CompletableFuture<SocketIdentity>> caller = caller(tuple, socket);
            if (caller.isPresent()) {
                return caller.get();
            }
            if (socket.isEmpty() || socket.get().isOrphaned()) {
                OptionalInt mark = socket.map(SocketOwner::mark).orElse(OptionalInt.empty());
                return CompletableFuture.completedFuture(SocketIdentity.unknown(mark));
            }
            return search.find(socket.get(), bootTicks.getAsLong());
        } catch (OsException e) {
            failures.increment();
            return CompletableFuture.completedFuture(SocketIdentity.unknown(OptionalInt.empty()));
        }
    }

    @Override
    public OptionalInt userHint(Tuple tuple) {
        try {
            if (!addresses.containedLately(tuple.source().getAddress())) {
                return OptionalInt.empty();
            }
            Optional<ConnectRecords> current = records;
            OptionalInt uid = current.isPresent() ? current.get().uid(tuple) : OptionalInt.empty();
            return uid.isPresent()
                    ? uid
                    : sockets.find(tuple)
                            .filter(owner -> !owner.isOrphaned())
                            .map(owner -> OptionalInt.of(owner.uid()))
                            .orElse(OptionalInt.empty());
        } catch (OsException e) {
            return OptionalInt.empty();
        }
    }

    @Override
    public OptionalInt user(Tuple tuple) {
        try {
            Optional<ConnectRecords> current = records;
            ConnectRecord record = current.isPresent() ? record(current.get(), tuple) : null;
            if (record != null) {
                return ownerOf(record.socket().orElseThrow().uid());
            }
            Optional<SocketOwner> socket = addresses.contains(tuple.source().getAddress())
                    ? sockets.find(tuple).filter(owner -> !owner.isOrphaned())
                    : Optional.empty();
            return socket.isEmpty() ? OptionalInt.empty() : ownerOf(socket.get().uid());
        } catch (OsException e) {
            failures.increment();
            return OptionalInt.empty();
        }
    }

    private OptionalInt ownerOf(int uid) {
        return OptionalInt.of((int) owners.applyAsLong(Integer.toUnsignedLong(uid)));
    }

    @Override
    public ProcessIdentity behindProxy(InetAddress source) {
        boolean isHere;
        try {
            isHere = addresses.contains(source);
        } catch (OsException e) {
            failures.increment();
            isHere = true;
        }
        return ProcessIdentity.unknown(isHere ? Evidence.UNKNOWN : Evidence.REMOTE, OperatingSystem.LINUX);
    }

    /**
     * Identifies the process that connected to a Unix socket of this process. If it has ended, or the kernel doesn't show it,
     * only the user is known. The future completes as that of {@link #identify(Tuple)}.
     */
    @Override
    public CompletableFuture<SocketIdentity> identify(UnixPeer peer) {
        lookups.increment();
        return peers.name(peer);
    }

    /** Returns the record of a connection from this host, if it is sufficient without the socket; else null. */
    private @Nullable ConnectRecord record(ConnectRecords known, Tuple tuple) throws OsException {
        InetAddress source = tuple.source().getAddress();
        if (!addresses.containedLately(source)) {
            return null;
        }
        try {
            ConnectRecord record = known.last(tuple);
            if (record == null || known.isRecent(record)) {
                return record;
            }
            // An older record may be of an earlier connection, and its address may be another host's now.
            return addresses.contains(source) && known.areComplete() ? record : null;
        } catch (OsException e) {
            // Counted by the next query, which fails the same way.
            return null;
        }
    }

    /** Returns the identity from the record and the socket; from the socket alone if records can't be read. */
    private Optional<CompletableFuture<SocketIdentity>> caller(Tuple tuple, Optional<SocketOwner> socket) {
        try {
            Optional<ConnectRecords> current = records;
            return current.isPresent() ? current.get().find(tuple, socket) : Optional.empty();
        } catch (OsException e) {
            failures.increment();
            return Optional.empty();
        }
    }

    /** Returns the threads without which no process is identified, by their task, as executors. */
    public ImmutableMap<String, Executor> threads() {
        return ImmutableMap.of(
                "the search of sockets' holders",
                search::execute,
                "the reader of agents' processes",
                peers::execute,
                "the reader of callers' processes",
                task -> records.ifPresentOrElse(current -> current.execute(task), task));
    }

    /** Returns the number of flows that were looked up. */
    public long lookups() {
        return lookups.sum();
    }

    /** Returns the number of scans of /proc. */
    public long scans() {
        return search.scans();
    }

    /** Returns the number of failed lookups: the kernel couldn't be queried, or too many were waiting. */
    public long failures() {
        return failures.sum() + search.failures();
    }

    /** Returns the number of reads that were abandoned because a file system, or a process's memory, hung. */
    public long abandonedReads() {
        return reads.abandoned() + digests.reads().abandoned();
    }

    /** Returns the number of reads that were skipped because their target hung before, or too many waited for it. */
    public long skippedReads() {
        return reads.skipped() + digests.reads().skipped();
    }

    /** Returns the number of executables that weren't hashed because too many of their user waited. */
    public long refusedHashes() {
        return digests.refused();
    }

    /** Returns the targets that hang now, in words. */
    public ImmutableList<String> hanging() {
        return Streams.concat(reads.hanging().stream(), digests.reads().hanging().stream())
                .distinct()
                .collect(ImmutableList.toImmutableList());
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.identify.lookups", this, ProcessIdentifier::lookups)
                .description("Sockets whose owner was looked up")
                .register(registry);
        FunctionCounter.builder("throughline.identify.failures", this, ProcessIdentifier::failures)
                .description("Failed lookups of owners")
                .register(registry);
        FunctionCounter.builder("throughline.identify.scans", this, ProcessIdentifier::scans)
                .description("Scans of /proc for the holders of a socket")
                .register(registry);
        FunctionCounter.builder("throughline.identify.abandoned", this, ProcessIdentifier::abandonedReads)
                .description("Reads of files and processes that were abandoned because they hung")
                .register(registry);
        FunctionCounter.builder("throughline.identify.skipped", this, ProcessIdentifier::skippedReads)
                .description("Reads that were skipped because their file system or process hung before")
                .register(registry);
        Gauge.builder(
                        "throughline.identify.hanging",
                        this,
                        identifier -> identifier.hanging().size())
                .description("File systems and users whose files or processes hang now")
                .register(registry);
        FunctionCounter.builder("throughline.identify.hashes.refused", this, ProcessIdentifier::refusedHashes)
                .description("Executables that were not hashed because too many of their user were queued")
                .register(registry);
    }

    @Override
    public void close() {
        reads.close();
        search.close();
        peers.close();
        records.ifPresent(ConnectRecords::close);
        digests.close();
        sockets.close();
        addresses.close();
    }
}
