package dev.throughline.platform.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;

/**
 * A lock on a directory (flock(2)), for file systems in which no lock file can be created. The kernel releases it when
 * this process ends in any way. Not thread-safe.
 */
public final class FolderLock implements AutoCloseable {
    private static final int O_DIRECTORY_CLOEXEC = 0x10000 | 0x80000;
    private static final int SHARED = 1;
    private static final int EXCLUSIVE = 2;
    private static final int NON_BLOCKING = 4;
    private static final int UNLOCK = 8;

    private final Libc libc = new Libc();
    private final Path folder;
    private final int fd;
    private boolean closed;

    private FolderLock(Path folder) throws OsException {
        this.folder = folder;
        try (Arena arena = Arena.ofConfined()) {
            this.fd = libc.open(arena.allocateFrom(folder.toString()), O_DIRECTORY_CLOEXEC);
        }
        if (fd < 0) {
            throw libc.failure("open(" + folder + ")");
        }
    }

    /** Opens a directory without locking it. */
    public static FolderLock open(Path folder) throws OsException {
        return new FolderLock(folder);
    }

    /** Acquires the exclusive lock; blocks until it is free. */
    public void exclusive() throws OsException {
        int result;
        do {
            result = libc.flock(fd, EXCLUSIVE);
        } while (result != 0 && libc.errno() == Errno.EINTR);
        check(result);
    }

    /** Tries to acquire the exclusive lock. */
    public boolean tryExclusive() throws OsException {
        int result = libc.flock(fd, EXCLUSIVE | NON_BLOCKING);
        if (result != 0 && libc.errno() == Errno.EAGAIN) {
            return false;
        }
        check(result);
        return true;
    }

    /** Tries to acquire the shared lock. */
    public boolean tryShared() throws OsException {
        int result = libc.flock(fd, SHARED | NON_BLOCKING);
        if (result != 0 && libc.errno() == Errno.EAGAIN) {
            return false;
        }
        check(result);
        return true;
    }

    /** Releases the lock; it can be acquired again. */
    public void release() throws OsException {
        check(libc.flock(fd, UNLOCK));
    }

    private void check(int result) throws OsException {
        if (result != 0) {
            throw libc.failure("flock(" + folder + ")");
        }
    }

    /** Releases the lock and closes the directory. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            libc.close(fd);
        }
    }
}
