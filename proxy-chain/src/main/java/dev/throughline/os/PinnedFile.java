package dev.throughline.os;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * One file, held by its inode (open(2), O_PATH), whatever its name comes to mean. Attributes, name and bytes that are read
 * through {@link #path} are all of this file; read through {@code /proc/PID/exe}, each could be of another program, because
 * a process can run a trusted executable for the instant of one of those reads.
 */
public final class PinnedFile implements AutoCloseable {
    private static final int O_PATH_CLOEXEC = 0x200000 | 0x80000;
    private static final int PATH_MAX = 4096;
    private static final int STATFS_BYTES = 256;
    private static final long FUSE_SUPER_MAGIC = 0x65735546L;

    private final Libc libc;
    private final int fd;
    private boolean closed;

    private PinnedFile(Libc libc, int fd) {
        this.libc = libc;
        this.fd = fd;
    }

    public static PinnedFile open(String path) throws OsException {
        Libc libc = new Libc();
        try (Arena arena = Arena.ofConfined()) {
            int fd = libc.open(arena.allocateFrom(path), O_PATH_CLOEXEC);
            if (fd < 0) {
                throw libc.failure("open(O_PATH)");
            }
            return new PinnedFile(libc, fd);
        }
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

    /** Whether a process serves the file's bytes (fuse(4)), and so can serve each reader others. */
    public synchronized boolean isServedByProcess() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(STATFS_BYTES, 8);
            if (libc.fstatfs(fd, result) != 0) {
                throw libc.failure("fstatfs");
            }
            return result.get(JAVA_LONG, 0) == FUSE_SUPER_MAGIC;
        }
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
