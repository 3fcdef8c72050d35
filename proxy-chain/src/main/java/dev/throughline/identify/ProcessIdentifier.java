package dev.throughline.identify;

import com.google.common.base.CharMatcher;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Streams;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
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

/**
 * Answers who on this host opened a TCP flow. Thread-safe; asking costs a few microseconds and is for event loops, the
 * search for the process is done elsewhere and is bounded by {@link IdentifyLimits}.
 *
 * <p>With the connect tracer it names the process that called connect(2), with the executable that ran then. Without them, a process
 * that alone held the socket shortly after, with the executable that it ran then. It is the one that opened the socket, as far
 * as the kernel keeps processes apart: one of the same user in the same control group that was given the socket before the
 * opener let go of it can't be told from it, but such processes can act for each other in any other way as well (ptrace(2)).
 */
public final class ProcessIdentifier implements OwnerResolver, MeterBinder, AutoCloseable {
    private final LocalAddresses addresses;
    private final SocketDiag sockets;
    private final ExecutableDigests digests;
    private final BoundedReads reads;
    private final ProcScanner search;
    private final UnixPeerResolver peers;
    /** Empty on a kernel that has no number for it. */
    private final OptionalLong networkNamespace;

    private final Bytes bootId;
    private final IdentifyLimits limits;
    private final Optional<CommandLineHash> commandLines;
    private final LongSupplier bootTicks;
    private final LongUnaryOperator owners;
    private final LongAdder lookups = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private volatile Optional<ConnectRecords> callers = Optional.empty();

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
     * An identifier for the network namespace of the calling thread, by what the kernel says of sockets.
     *
     * @param commandLines makes the keyed hashes of command lines, if they are to be said
     * @throws IOException if the kernel has no netlink(7) or /proc isn't there
     */
    public static ProcessIdentifier open(IdentifyLimits limits, Optional<CommandLineHash> commandLines)
            throws IOException {
        return open(limits, commandLines, new BootClock()::ticks);
    }

    /** The same, without hashes of command lines. */
    public static ProcessIdentifier open(IdentifyLimits limits) throws IOException {
        return open(limits, Optional.empty());
    }

    static ProcessIdentifier open(IdentifyLimits limits, LongSupplier bootTicks) throws IOException {
        return open(limits, Optional.empty(), bootTicks);
    }

    private static ProcessIdentifier open(
            IdentifyLimits limits, Optional<CommandLineHash> commandLines, LongSupplier bootTicks) throws IOException {
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
     * Goes by the kernel's notes of who connected as well, from now on, or no longer.
     *
     * @param notes what the kernel notes, if it does; not closed here
     */
    public void use(Optional<ConnectTracer> notes) {
        Optional<ConnectRecords> before = callers;
        callers = networkNamespace.isPresent() ? notes.map(this::callers) : Optional.empty();
        before.ifPresent(ConnectRecords::close);
    }

    private ConnectRecords callers(ConnectTracer notes) {
        return new ConnectRecords(
                notes,
                networkNamespace.getAsLong(),
                new ConnectRecordResolver(
                        new ProcessReader(digests, commandLines, reads),
                        new KnownExecutables(digests, reads),
                        pid -> lastExec(notes, pid),
                        new ScriptPath(reads),
                        new CgroupPaths(notes.cgroup(), System::nanoTime),
                        Users.ofThisHost(),
                        bootId,
                        limits,
                        owners));
    }

    /** What can't be asked isn't known. */
    private static Optional<ExecRecord> lastExec(ConnectTracer notes, int pid) {
        try {
            return notes.lastExec(pid);
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

    /** Whether the kernel finds sockets, tried now. */
    boolean asksSockets() {
        return sockets.isThere();
    }

    /**
     * Says who holds the application's end of a TCP flow. The future is completed within the limits, never exceptionally,
     * on the calling thread or on one of this object's that must not be kept: continue on the flow's own event loop.
     *
     * @param tuple the application's source and the destination that it asked for, not the listener's address
     * @throws IllegalArgumentException if the tuple isn't TCP
     */
    @Override
    public CompletableFuture<SocketIdentity> identify(Tuple tuple) {
        lookups.increment();
        try {
            Optional<CompletableFuture<SocketIdentity>> noted = caller(tuple);
            if (noted.isPresent()) {
                return noted.get();
            }
            Optional<SocketOwner> socket = sockets.find(tuple);
            // With an address of another host it is a transparent proxy's own socket, on behalf of somebody there.
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
            if (!addresses.contains(tuple.source().getAddress())) {
                return OptionalInt.empty();
            }
            Optional<ConnectRecords> noted = callers;
            OptionalInt uid = noted.isPresent() ? noted.get().uid(tuple) : OptionalInt.empty();
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
            Optional<SocketOwner> socket = addresses.contains(tuple.source().getAddress())
                    ? sockets.find(tuple).filter(owner -> !owner.isOrphaned())
                    : Optional.empty();
            return socket.isEmpty()
                    ? OptionalInt.empty()
                    : OptionalInt.of((int) owners.applyAsLong(
                            Integer.toUnsignedLong(socket.get().uid())));
        } catch (OsException e) {
            failures.increment();
            return OptionalInt.empty();
        }
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
     * Says who connected to a Unix socket of this process: the process, unless it has ended or the kernel doesn't show it,
     * and in any case the user. The future is completed as that of {@link #identify(Tuple)}.
     */
    @Override
    public CompletableFuture<SocketIdentity> identify(UnixPeer peer) {
        lookups.increment();
        return peers.name(peer);
    }

    /** The note alone does, if it says enough and the connection comes from this host. */
    private Optional<CompletableFuture<SocketIdentity>> caller(Tuple tuple) throws OsException {
        Optional<ConnectRecords> noted = callers;
        if (noted.isEmpty() || !addresses.contains(tuple.source().getAddress())) {
            return Optional.empty();
        }
        try {
            return noted.get().find(tuple);
        } catch (OsException e) {
            // The next question meets the same, and is counted.
            return Optional.empty();
        }
    }

    /** Where notes can't be read, the socket alone must do. */
    private Optional<CompletableFuture<SocketIdentity>> caller(Tuple tuple, Optional<SocketOwner> socket) {
        try {
            Optional<ConnectRecords> noted = callers;
            return noted.isPresent() ? noted.get().find(tuple, socket) : Optional.empty();
        } catch (OsException e) {
            failures.increment();
            return Optional.empty();
        }
    }

    /** The threads without which nobody is named, by what they do; each runs tasks. */
    public ImmutableMap<String, Executor> threads() {
        return ImmutableMap.of(
                "the search of sockets' holders",
                search::execute,
                "the reader of agents' processes",
                peers::execute,
                "the reader of callers' processes",
                task -> callers.ifPresentOrElse(noted -> noted.execute(task), task));
    }

    /** Flows that were asked about. */
    public long lookups() {
        return lookups.sum();
    }

    /** Passes over /proc. */
    public long scans() {
        return search.scans();
    }

    /** Lookups that failed here rather than found nothing: the kernel couldn't be asked, or too many were waiting. */
    public long failures() {
        return failures.sum() + search.failures();
    }

    /** Reads that were given up since a file system, or a process's memory, didn't answer. */
    public long abandonedReads() {
        return reads.abandoned() + digests.reads().abandoned();
    }

    /** Reads that weren't tried since their place didn't answer before, or too many waited there. */
    public long skippedReads() {
        return reads.skipped() + digests.reads().skipped();
    }

    /** Executables that weren't hashed since too many of their user waited for it. */
    public long refusedHashes() {
        return digests.refused();
    }

    /** What doesn't answer now, in words. */
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
        callers.ifPresent(ConnectRecords::close);
        digests.close();
        sockets.close();
        addresses.close();
    }
}
