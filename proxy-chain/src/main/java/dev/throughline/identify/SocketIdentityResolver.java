package dev.throughline.identify;

import com.google.common.collect.ArrayListMultimap;
import com.google.common.collect.ListMultimap;
import dev.throughline.header.Bytes;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ProcessContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A resolver of the owners of sockets from one scan of /proc. */
final class SocketIdentityResolver {
    private record HeldSocket(OwnerLookup lookup, int fd) {}

    private final ProcessReader processes;
    private final Users users;
    private final IdentityFactory identities;
    private final SocketCgroup cgroup;

    SocketIdentityResolver(
            ProcessReader processes, Users users, Bytes bootId, Duration digestDeadline, SocketCgroup cgroup) {
        this.processes = processes;
        this.users = users;
        this.identities = new IdentityFactory(users, bootId, digestDeadline);
        this.cgroup = cgroup;
    }

    /**
     * Answers the lookups from a scan. Returns those whose socket changed hands during the scan, which need another one.
     *
     * @param found result of a scan that is complete for the users of these sockets
     */
    List<OwnerLookup> name(Collection<OwnerLookup> lookups, SocketHolders found) {
        ListMultimap<Integer, HeldSocket> byProcess = ArrayListMultimap.create();
        for (OwnerLookup lookup : lookups) {
            List<SocketHolders.Holder> holders = found.of(lookup.socket().inode());
            if (holders.size() > 1) {
                lookup.answer().complete(shared(lookup, holders));
            } else if (holders.isEmpty()) {
                userOnly(lookup);
            } else {
                SocketHolders.Holder holder = holders.getFirst();
                byProcess.put(holder.pid(), new HeldSocket(lookup, holder.fd()));
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

    private List<OwnerLookup> name(int pid, Collection<HeldSocket> sockets) {
        Map<Integer, Long> inodes = new HashMap<>();
        sockets.forEach(held -> inodes.put(held.fd(), held.lookup().socket().inode()));
        Optional<ProcessReader.Reading> read = processes.read(pid, inodes);
        List<OwnerLookup> moved = new ArrayList<>();
        for (HeldSocket held : sockets) {
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
     * Identifies the holder of a socket, if it can have opened the flow. A process of another user or control group than the
     * socket's received it from another process, and one that started after the flow was seen inherited it.
     */
    private void name(OwnerLookup lookup, ProcessReader.Reading process) {
        if (!ProcessView.isOf(process.view().credentials(), lookup.socket().uid())
                || process.view().id().startTime() > lookup.observedTicks()
                || !cgroup.mayHold(process.view(), lookup.socket())) {
            userOnly(lookup);
            return;
        }
        var _ = identities
                .identity(
                        Evidence.SOCKET_LOOKUP,
                        process,
                        process.view().credentials().uid())
                .thenApply(identity -> new SocketIdentity(
                        identity,
                        lookup.socket().mark(),
                        OptionalInt.of(lookup.socket().uid())))
                .thenAccept(lookup.answer()::complete);
    }

    private void userOnly(OwnerLookup lookup) {
        lookup.userOnly(users.name(lookup.socket().uid()));
    }
}
