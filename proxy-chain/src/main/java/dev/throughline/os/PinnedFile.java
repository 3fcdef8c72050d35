package dev.throughline.os;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;

/**
 * One file, held by its inode (open(2), O_PATH), whatever its name comes to mean. Attributes, name and bytes that are read
 * through {@link #path} are all of this file; read through {@code /proc/PID/exe}, each could be of another program, because
 * a process can run a trusted executable for the instant of one of those reads.
 */
public final class PinnedFile implements AutoCloseable {
    static final int O_PATH_CLOEXEC = 0x200000 | 0x80000;
    static final int O_NOFOLLOW = nofollow(System.getProperty("os.arch"));
    private static final int PATH_MAX = 4096;
    private static final int STATX_BYTES = 256;
    private static final int STATX_BASIC_STATS = 0x7FF;
    private static final int AT_EMPTY_PATH_DONT_SYNC = 0x1000 | 0x4000;
    private static final int OPEN_HOW_BYTES = 24;
    private static final int RESOLVE_NO_SYMLINKS = 0x04;
    private static final int RESOLVE_CACHED = 0x20;
    private static final int RESOLVE_IN_ROOT = 0x10;

    private static final String MOUNT_ID = "mnt_id:";
    private static final String INODE = "ino:";

    /** One of the few flags of open(2) whose number differs by architecture (asm/fcntl.h). */
    private static int nofollow(String architecture) {
        return architecture.equals("aarch64") ? 0x8000 : 0x20000;
    }

    private final Libc libc;
    private final int fd;
    private boolean closed;

    PinnedFile(Libc libc, int fd) {
        this.libc = libc;
        this.fd = fd;
    }

    public static PinnedFile open(String path) throws OsException {
        return open(path, O_PATH_CLOEXEC);
    }

    /** Opens a symbolic link rather than the file that it leads to, if {@code path} ends in one. */
    public static PinnedFile openItself(String path) throws OsException {
        return open(path, O_PATH_CLOEXEC | O_NOFOLLOW);
    }

    private static PinnedFile open(String path, int flags) throws OsException {
        Libc libc = new Libc();
        try (Arena arena = Arena.ofConfined()) {
            int fd = libc.open(arena.allocateFrom(path), flags);
            if (fd < 0) {
                throw libc.failure("open(O_PATH)");
            }
            return new PinnedFile(libc, fd);
        }
    }

    /** For calls that take a folder's descriptor; valid until this is closed. */
    int descriptor() {
        return fd;
    }

    /** A path that leads to this very file while it is open. */
    public Path path() {
        return Path.of("/proc/self/fd/" + fd);
    }

    /** The bytes of the name that the kernel gives the file; they end in " (deleted)" if that name is gone. */
    public synchronized byte[] name() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment link = arena.allocateFrom("/proc/self/fd/" + fd);
            MemorySegment target = arena.allocate(PATH_MAX);
            long length = libc.readlink(link, target, PATH_MAX);
            if (length < 0) {
                throw libc.failure("readlink(/proc/self/fd/N)");
            }
            return target.asSlice(0, length).toArray(JAVA_BYTE);
        }
    }

    /** How {@link #openBy} reaches a file. */
    public enum Reach {
        /** Asks file systems, which may block the caller; follows no symbolic link. */
        ANYWHERE(RESOLVE_NO_SYMLINKS),
        /** Takes what the kernel has in memory: nobody can keep the caller waiting (Linux 5.12). Follows no link. */
        IN_MEMORY(RESOLVE_CACHED | RESOLVE_NO_SYMLINKS),
        /** The same through symbolic links. */
        IN_MEMORY_BY_LINKS(RESOLVE_CACHED);

        private final int resolve;

        Reach(int resolve) {
            this.resolve = resolve;
        }
    }

    /**
     * Opens a file by the way that {@code reach} allows (openat2(2)).
     *
     * @param root the folder in which the absolute {@code path} counts; this process's own root if there is none
     * @param path its bytes
     * @return empty if {@code reach} doesn't lead to an answer
     * @throws OsException if there is no such file, with ELOOP if there is a link that it doesn't follow
     */
    public static Optional<PinnedFile> openBy(Optional<PinnedFile> root, byte[] path, Reach reach) throws OsException {
        Libc libc = new Libc();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment how = arena.allocate(OPEN_HOW_BYTES, 8);
            how.set(JAVA_LONG, 0, O_PATH_CLOEXEC);
            how.set(JAVA_LONG, 16, (root.isPresent() ? RESOLVE_IN_ROOT : 0) | reach.resolve);
            MemorySegment text = arena.allocate(path.length + 1L);
            MemorySegment.copy(path, 0, text, JAVA_BYTE, 0, path.length);
            int from = root.isPresent() ? root.get().fd : Libc.AT_FDCWD;
            int fd = libc.openat2(from, text, how, OPEN_HOW_BYTES);
            if (fd >= 0) {
                return Optional.of(new PinnedFile(libc, fd));
            }
            boolean notInMemory =
                    reach != Reach.ANYWHERE && (libc.errno() == Errno.EAGAIN || libc.errno() == Errno.EINVAL);
            if (notInMemory || libc.errno() == Errno.ENOSYS) {
                return Optional.empty();
            }
            throw libc.failure("openat2(O_PATH)");
        }
    }

    /**
     * The file's attributes as the kernel has them in memory: a file system whose server hangs isn't asked (statx(2),
     * AT_STATX_DONT_SYNC).
     */
    public synchronized FileStatus status() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = arena.allocate(STATX_BYTES, 8);
            if (libc.statx(fd, arena.allocateFrom(""), AT_EMPTY_PATH_DONT_SYNC, STATX_BASIC_STATS, found) != 0) {
                throw libc.failure("statx");
            }
            return new FileStatus(
                    found.get(JAVA_INT, 136),
                    found.get(JAVA_INT, 140),
                    found.get(JAVA_LONG, 32),
                    found.get(JAVA_LONG, 40),
                    found.get(JAVA_INT, 16),
                    Short.toUnsignedInt(found.get(JAVA_SHORT, 28)),
                    found.get(JAVA_INT, 20),
                    time(found, 112),
                    time(found, 96));
        }
    }

    private static FileTime time(MemorySegment statx, long at) {
        return FileTime.from(Instant.ofEpochSecond(statx.get(JAVA_LONG, at), statx.get(JAVA_INT, at + 8)));
    }

    /**
     * Where the file lies, as the kernel counts it inside.
     *
     * @param mount id of its mount (proc_pid_mountinfo(5)), which no other mount gets while the file is open
     * @param inode number of its inode, which overlayfs may show otherwise to stat(2)
     */
    public record Place(int mount, long inode) {}

    /**
     * Where the file lies. No file system is asked.
     *
     * @throws IOException if it is closed, or the kernel is older than 5.14
     */
    public synchronized Place place() throws IOException {
        int mount = -1;
        long inode = -1;
        for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + fd), StandardCharsets.ISO_8859_1)) {
            if (line.startsWith(MOUNT_ID)) {
                mount = Integer.parseInt(line.substring(MOUNT_ID.length()).strip());
            } else if (line.startsWith(INODE)) {
                inode = Long.parseUnsignedLong(line.substring(INODE.length()).strip());
            }
        }
        if (mount < 0 || inode == -1) {
            throw new IOException("/proc/self/fdinfo says neither mount nor inode");
        }
        return new Place(mount, inode);
    }

    /** Once only: closed twice, the number could by then be another file's. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            libc.close(fd);
        }
    }
}
