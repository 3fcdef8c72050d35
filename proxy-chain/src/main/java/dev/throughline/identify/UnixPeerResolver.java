package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.platform.linux.PidFd;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * A resolver of the process that connected to a Unix socket. The kernel reports its user and pid. What /proc shows for the pid
 * counts only if the kernel's pidfd confirms afterwards that the pid still belongs to that process. A kernel older than 6.5
 * gives no pidfd; there the process must at least have started before its connection was checked.
 *
 * <p>The executable is the one that runs at the check. It is read again for each connection: only hashes are cached, each for one
 * state of one file.
 */
final class UnixPeerResolver implements AutoCloseable {
    private static final int MAX_WAITING = 4096;
    private static final int MAX_WAITING_PER_USER = 1024;

    private final ProcessReader processes;
    private final IdentityFactory identities;
    private final IdentifyLimits limits;
    private final LongSupplier bootTicks;
    private final LongUnaryOperator owners;
    private final FairWorker reader;

    UnixPeerResolver(
            ProcessReader processes,
            Users users,
            Bytes bootId,
            IdentifyLimits limits,
            LongSupplier bootTicks,
            LongUnaryOperator owners) {
        this.processes = processes;
        this.identities = new IdentityFactory(users, bootId, limits.digestDeadline());
        this.limits = limits;
        this.bootTicks = bootTicks;
        this.owners = owners;
        this.reader = new FairWorker("peer-reader", MAX_WAITING_PER_USER, MAX_WAITING);
    }

    /** Runs a task on the thread that reads processes. */
    void execute(Runnable task) {
        reader.execute(task);
    }

    /** Identifies {@code peer}; by its user alone when the deadline expires. */
    CompletableFuture<SocketIdentity> name(UnixPeer peer) {
        CompletableFuture<SocketIdentity> answer = new CompletableFuture<>();
        try {
            Optional<PidFd> handle = peer.handle().open();
            long seenTicks = bootTicks.getAsLong();
            reader.execute(owners.applyAsLong(Integer.toUnsignedLong(peer.uid())), new FairWorker.Task() {
                @Override
                public void run() {
                    read(peer, handle, seenTicks, answer);
                }

                @Override
                public void refused() {
                    handle.ifPresent(PidFd::close);
                    answer.complete(userOnly(peer));
                }
            });
        } catch (IOException gone) {
            return CompletableFuture.completedFuture(userOnly(peer));
        }
        return answer.completeOnTimeout(userOnly(peer), limits.processDeadline().toNanos(), TimeUnit.NANOSECONDS);
    }

    private void read(UnixPeer peer, Optional<PidFd> handle, long seenTicks, CompletableFuture<SocketIdentity> answer) {
        try {
            processes
                    .read(peer.pid(), Map.of())
                    .filter(read -> read.view().id().startTime() <= seenTicks && isStill(handle, peer.pid()))
                    .ifPresentOrElse(read -> name(peer, read, answer), () -> answer.complete(userOnly(peer)));
        } catch (RuntimeException e) {
            answer.complete(userOnly(peer));
        } finally {
            handle.ifPresent(PidFd::close);
        }
    }

    /**
     * Returns whether the pid still belongs to the process. Checked after the process was read: a pid is not reused before its
     * process is reaped.
     */
    private static boolean isStill(Optional<PidFd> handle, int pid) {
        try {
            return handle.isEmpty() || handle.get().pid() == pid;
        } catch (IOException e) {
            return false;
        }
    }

    private void name(UnixPeer peer, ProcessReader.Reading read, CompletableFuture<SocketIdentity> answer) {
        var _ = identities
                .identity(Evidence.KERNEL_CONNECT, read, peer.uid())
                .thenApply(identity -> new SocketIdentity(identity, OptionalInt.empty(), OptionalInt.of(peer.uid())))
                .thenAccept(answer::complete);
    }

    private static SocketIdentity userOnly(UnixPeer peer) {
        ProcessIdentity identity = new ProcessIdentity(
                Evidence.UID_ONLY,
                OperatingSystem.LINUX,
                Optional.empty(),
                Optional.of(Credentials.ofUser(peer.uid())),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN);
        return new SocketIdentity(identity, OptionalInt.empty(), OptionalInt.of(peer.uid()));
    }

    /** Ends the thread. Pending lookups get their answer at their deadline. */
    @Override
    public void close() {
        reader.close();
    }
}
