package dev.throughline.identify;

import com.google.common.collect.ArrayListMultimap;
import com.google.common.collect.ListMultimap;
import dev.throughline.header.Bytes;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Decides, from one scan, what is said of each socket that was looked for. */
final class SocketIdentityResolver {
    private record Held(OwnerLookup lookup, int fd) {}

    private final ProcessReader processes;
    private final Users users;
    private final Bytes bootId;
    private final Duration digestDeadline;
    private final SocketCgroup cgroup;

    SocketIdentityResolver(
            ProcessReader processes, Users users, Bytes bootId, Duration digestDeadline, SocketCgroup cgroup) {
        this.processes = processes;
        this.users = users;
        this.bootId = bootId;
        this.digestDeadline = digestDeadline;
        this.cgroup = cgroup;
    }

    /**
     * Answers the lookups from a scan, and returns those for which something moved meanwhile, to be looked up once more.
     *
     * @param found by a scan that is complete for the users of these sockets
     */
    List<OwnerLookup> name(Collection<OwnerLookup> lookups, SocketHolders found) {
        ListMultimap<Integer, Held> byProcess = ArrayListMultimap.create();
        for (OwnerLookup lookup : lookups) {
            List<SocketHolders.Holder> holders = found.of(lookup.socket().inode());
            if (holders.size() > 1) {
                lookup.answer().complete(shared(lookup, holders));
            } else if (holders.isEmpty()) {
                userOnly(lookup);
            } else {
                SocketHolders.Holder holder = holders.getFirst();
                byProcess.put(holder.pid(), new Held(lookup, holder.fd()));
            }
        }
        List<OwnerLookup> moved = new ArrayList<>();
        byProcess.asMap().forEach((pid, held) -> moved.addAll(name(pid, held)));
        return moved;
    }

    private SocketIdentity shared(OwnerLookup lookup, List<SocketHolders.Holder> holders) {
        for (SocketHolders.Holder holder : holders) {
            try {
                if (!ProcessView.isOf(
                        ProcessView.credentials(holder.pid()), lookup.socket().uid())) {
                    return SocketIdentity.sharedByUsers(lookup.socket());
                }
            } catch (IOException e) {
                return SocketIdentity.sharedByUsers(lookup.socket());
            }
        }
        return SocketIdentity.shared(
                lookup.socket(), new ProcessContext(users.name(lookup.socket().uid())));
    }

    private List<OwnerLookup> name(int pid, Collection<Held> sockets) {
        Map<Integer, Long> inodes = new HashMap<>();
        sockets.forEach(held -> inodes.put(held.fd(), held.lookup().socket().inode()));
        Optional<ProcessReader.Reading> read = processes.read(pid, inodes);
        List<OwnerLookup> moved = new ArrayList<>();
        for (Held held : sockets) {
            boolean still = read.isPresent() && read.get().held().contains(held.fd());
            if (still) {
                name(held.lookup(), read.get());
            } else if (held.lookup().again()) {
                userOnly(held.lookup());
            } else {
                moved.add(held.lookup().retry());
            }
        }
        return moved;
    }

    /**
     * A process of another user or of another control group than the socket's was given it, and one that started after the
     * flow was seen inherited it: none of these opened the flow.
     */
    private void name(OwnerLookup lookup, ProcessReader.Reading process) {
        if (!ProcessView.isOf(process.view().credentials(), lookup.socket().uid())
                || process.view().id().startTime() > lookup.observedTicks()
                || !cgroup.mayHold(process.view(), lookup.socket())) {
            userOnly(lookup);
            return;
        }
        Optional<String> userName = users.name(process.view().credentials().uid());
        CompletableFuture<ProcessReader.Described> described = process.described();
        CompletableFuture<Optional<Bytes>> digest = process.digest();
        if (!digest.isDone()) {
            digest = digest.copy().completeOnTimeout(Optional.empty(), digestDeadline.toNanos(), TimeUnit.NANOSECONDS);
        }
        var _ = described
                .thenCombine(digest, (known, sha256) -> named(lookup, known, userName, sha256))
                .thenAccept(lookup.answer()::complete);
    }

    private SocketIdentity named(
            OwnerLookup lookup, ProcessReader.Described process, Optional<String> userName, Optional<Bytes> digest) {
        ProcessView view = process.reading().view();
        ProcessIdentity identity = new ProcessIdentity(
                Evidence.SOCKET_LOOKUP,
                OperatingSystem.LINUX,
                Optional.of(view.id()),
                Optional.of(view.credentials()),
                process.code(digest),
                view.workload(bootId),
                process.processContext(userName));
        return new SocketIdentity(
                identity, lookup.socket().mark(), OptionalInt.of(lookup.socket().uid()));
    }

    private void userOnly(OwnerLookup lookup) {
        lookup.userOnly(users.name(lookup.socket().uid()));
    }
}
