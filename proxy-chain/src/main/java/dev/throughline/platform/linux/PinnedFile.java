package dev.throughline.platform.linux;

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
 * A reference to one file by its inode (open(2), O_PATH), independent of its name. Attributes, name and content that
 * are read through {@link #path} belong to the same file. Reads of {@code /proc/PID/exe} could each see another file,
 * because a process can execute a trusted program just for one of them.
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

    /** This flag of open(2) differs by architecture (asm/fcntl.h). */
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

    /** Opens the file at {@code path}; if that is a symbolic link, the link itself. */
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

    /** Returns the descriptor, for calls relative to a directory; valid until this object is closed. */
    int descriptor() {
        return fd;
    }

    /** Returns a path that refers to this file while it is open. */
    public Path path() {
        return Path.of("/proc/self/fd/" + fd);
    }

    /** Returns the bytes of the file's name in the kernel; they end in " (deleted)" if that name was removed. */
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

    /** The lookup mode of {@link #openBy}. */
    public enum Reach {
        /** May access file systems and so block; follows no symbolic links. */
        ANYWHERE(RESOLVE_NO_SYMLINKS),
        /** Uses only the kernel's cache and so never blocks (Linux 5.12); follows no symbolic links. */
        IN_MEMORY(RESOLVE_CACHED | RESOLVE_NO_SYMLINKS),
        /** Uses only the kernel's cache; follows symbolic links. */
        IN_MEMORY_BY_LINKS(RESOLVE_CACHED);

        private final int resolve;

        Reach(int resolve) {
            this.resolve = resolve;
        }
    }

    /**
     * Opens a file with the lookup mode {@code reach} (openat2(2)).
     *
     * @param root the root directory for the absolute {@code path}; by default this process's own
     * @param path bytes of the path
     * @return empty if {@code reach} can't determine the file
     * @throws OsException if there is no such file, with ELOOP for a link that it doesn't follow
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
     * Returns the file's attributes from the kernel's cache, without contacting the server of a network file system
     * (statx(2), AT_STATX_DONT_SYNC).
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
     * The location of a file in the kernel: its mount and inode.
     *
     * @param mount id of its mount (proc_pid_mountinfo(5)), which isn't reused while the file is open
     * @param inode number of its inode, which may differ from stat(2) on overlayfs
     */
    public record Location(int mount, long inode) {}

    /**
     * Returns the location without accessing its file system.
     *
     * @throws IOException if it is closed, or the kernel is older than 5.14
     */
    public synchronized Location location() throws IOException {
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
            throw new IOException("/proc/self/fdinfo lacks the mount or the inode");
        }
        return new Location(mount, inode);
    }

    /** Closes the descriptor, at most once: by then the number may belong to another file. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            libc.close(fd);
        }
    }
}
