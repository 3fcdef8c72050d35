package dev.throughline.identify;

import com.google.common.collect.ArrayListMultimap;
import com.google.common.collect.ListMultimap;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongUnaryOperator;

/**
 * A scan of the file descriptors of all processes (proc(5), /proc/PID/fd) for those that hold some sockets. It visits all
 * processes, because a socket may have several holders after fork(2) or SCM_RIGHTS (unix(7)), and the first one found need not
 * be its opener.
 *
 * <p>A process that can't be inspected counts as holding nothing: without CAP_SYS_PTRACE these are all processes of other
 * users, and non-dumpable ones of the own user (prctl(2), PR_SET_DUMPABLE).
 *
 * <p>Each user's processes may cost {@value #BUDGET} steps; the rest of them is left for {@link #complete}. So a user with a
 * million descriptors delays only lookups of this user. An unseen holder of another user than the socket's can only have
 * received the socket from that user.
 *
 * <p>Not thread-safe.
 */
final class SocketHolders {
    /** A process with one of its file descriptors that refers to the socket. */
    record Holder(int pid, int fd) {}

    private static final Path PROC = Path.of("/proc");
    private static final Path SELF = Path.of("/proc/self/stat");
    private static final String SOCKET = "socket:[";

    /** The maximum steps of one user; a step is a descriptor, about two microseconds. */
    static final int BUDGET = 32_768;
    /** The cost of a process besides its descriptors. */
    private static final int PROCESS_STEPS = 5;

    private final Set<Long> inodes;
    private final LongUnaryOperator owners;
    private final int budget;
    private final Map<Long, Integer> steps = new HashMap<>();
    private final ListMultimap<Long, Path> unseen = ArrayListMultimap.create();
    private final ListMultimap<Long, Holder> holders = ArrayListMultimap.create();

    private SocketHolders(Set<Long> inodes, LongUnaryOperator owners, int budget) {
        this.inodes = inodes;
        this.owners = owners;
        this.budget = budget;
    }

    /**
     * Scans for the sockets with these inode numbers.
     *
     * @param owners returns the user who has an id as a subordinate one, or the id itself
     * @param budget steps that each user's processes may cost
     * @throws IOException if no file descriptor is left for the scan: an incomplete scan could report one of several holders as
     *     the only one
     */
    static SocketHolders scan(Set<Long> inodes, LongUnaryOperator owners, int budget) throws IOException {
        SocketHolders found = new SocketHolders(inodes, owners, budget);
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC)) {
            for (Path process : processes) {
                if (Character.isDigit(process.getFileName().toString().charAt(0))) {
                    found.visit(process);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return found;
    }

    /** Returns the processes that hold the socket, each once. */
    List<Holder> of(long inode) {
        return holders.get(inode);
    }

    /** Returns whether all processes of the user who has this id were visited. */
    boolean isComplete(long uid) {
        return !unseen.containsKey(owners.applyAsLong(uid));
    }

    /**
     * Continues with the remaining processes of the user who has this id.
     *
     * @return whether {@code most} steps were enough for all of them
     * @throws IOException see {@link #scan}
     */
    boolean complete(long uid, int most) throws IOException {
        List<Path> left = unseen.removeAll(owners.applyAsLong(uid));
        int[] used = {0};
        for (Path process : left) {
            used[0] += PROCESS_STEPS;
            if (!visit(process, () -> ++used[0] < most)) {
                return false;
            }
        }
        return true;
    }

    private void visit(Path process) throws IOException {
        OptionalLong known = user(process);
        if (known.isEmpty()) {
            return;
        }
        long user = known.getAsLong();
        int before = steps.getOrDefault(user, 0);
        int[] used = {before + PROCESS_STEPS};
        if (before >= budget || !visit(process, () -> ++used[0] < budget)) {
            unseen.put(user, process);
        }
        steps.put(user, used[0]);
    }

    /**
     * Returns the user whose budget a process uses; empty if it has ended. The owner of its directory is its effective user, or
     * root if it is non-dumpable. Once such processes have used half of root's budget, the real user of each is read, which
     * takes longer.
     */
    private OptionalLong user(Path process) {
        try {
            long uid = Integer.toUnsignedLong((int) Files.getAttribute(process, "unix:uid"));
            if (uid == 0 && steps.getOrDefault(0L, 0) >= budget / 2) {
                uid = ProcessView.credentials(pid(process)).unsignedUid();
            }
            return OptionalLong.of(owners.applyAsLong(uid));
        } catch (IOException gone) {
            return OptionalLong.empty();
        }
    }

    private static int pid(Path process) {
        return Integer.parseInt(process.getFileName().toString());
    }

    /** Visits a process. Returns whether all descriptors were visited; stops as soon as {@code mayContinue} returns false. */
    private boolean visit(Path process, BooleanSupplier mayContinue) throws IOException {
        int pid = pid(process);
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                if (!mayContinue.getAsBoolean()) {
                    return false;
                }
                visit(pid, descriptor);
            }
        } catch (NoSuchFileException | AccessDeniedException goneOrHidden) {
            // Its remaining descriptors can't be read.
        } catch (IOException | DirectoryIteratorException e) {
            // It has probably ended; if descriptors ran out, this read fails as well.
            Files.readAllBytes(SELF);
        }
        return true;
    }

    private void visit(int pid, Path descriptor) throws AccessDeniedException {
        long inode;
        try {
            inode = socketInode(Files.readSymbolicLink(descriptor).toString());
        } catch (AccessDeniedException e) {
            throw e;
        } catch (IOException closedMeanwhile) {
            return;
        }
        if (inodes.contains(inode)) {
            List<Holder> known = holders.get(inode);
            if (known.stream().noneMatch(holder -> holder.pid() == pid)) {
                known.add(new Holder(
                        pid, Integer.parseInt(descriptor.getFileName().toString())));
            }
        }
    }

    /** Returns N of {@code socket:[N]}, or 0, which is never a socket's inode. */
    private static long socketInode(String link) {
        if (!link.startsWith(SOCKET) || !link.endsWith("]")) {
            return 0;
        }
        return Long.parseLong(link, SOCKET.length(), link.length() - 1, 10);
    }
}
