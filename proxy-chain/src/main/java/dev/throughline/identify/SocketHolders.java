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
import java.util.List;
import java.util.Set;

/**
 * One pass over the file descriptors of every process (proc(5), /proc/PID/fd): which processes hold which of the sockets
 * that were looked for. It goes through all of them, because a socket may have several holders after fork(2) or
 * SCM_RIGHTS (unix(7)), and the first that is met isn't more its opener than the last.
 *
 * <p>A process that may not be looked into counts as one that holds nothing: without CAP_SYS_PTRACE that is every process of
 * another user, and those of one's own that made themselves opaque (prctl(2), PR_SET_DUMPABLE).
 */
final class SocketHolders {
    /** A process, and one of its file descriptors that holds the socket. */
    record Holder(int pid, int fd) {}

    private static final Path PROC = Path.of("/proc");
    private static final Path SELF = Path.of("/proc/self/stat");
    private static final String SOCKET = "socket:[";

    private final Set<Long> inodes;
    private final ListMultimap<Long, Holder> holders = ArrayListMultimap.create();

    private SocketHolders(Set<Long> inodes) {
        this.inodes = inodes;
    }

    /**
     * Looks for the sockets with these inode numbers.
     *
     * @throws IOException if this process or host has no file descriptor left to look with: an incomplete pass would take
     *     one of several holders for the only one
     */
    static SocketHolders scan(Set<Long> inodes) throws IOException {
        SocketHolders found = new SocketHolders(inodes);
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

    /** The processes that hold the socket, each once. */
    List<Holder> of(long inode) {
        return holders.get(inode);
    }

    private void visit(Path process) throws IOException {
        int pid = Integer.parseInt(process.getFileName().toString());
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                visit(pid, descriptor);
            }
        } catch (NoSuchFileException | AccessDeniedException goneOrHidden) {
            // Nothing more is to be seen of it.
        } catch (IOException | DirectoryIteratorException e) {
            // Most likely it ended meanwhile; if descriptors ran out, this read fails as well.
            Files.readAllBytes(SELF);
        }
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
            if (known.isEmpty() || known.getLast().pid() != pid) {
                known.add(new Holder(
                        pid, Integer.parseInt(descriptor.getFileName().toString())));
            }
        }
    }

    /** N of {@code socket:[N]}, or 0, which is no socket's. */
    private static long socketInode(String link) {
        if (!link.startsWith(SOCKET) || !link.endsWith("]")) {
            return 0;
        }
        return Long.parseLong(link, SOCKET.length(), link.length() - 1, 10);
    }
}
