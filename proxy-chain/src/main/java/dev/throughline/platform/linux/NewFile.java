package dev.throughline.platform.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.util.Optional;

/**
 * The new content of a {@link SafeFile}. It becomes visible only when it is complete and synced to disk. Closing it
 * before, such as after an error, changes nothing. Not thread-safe.
 */
public final class NewFile implements AutoCloseable {
    private static final int PERMISSIONS = 07777;

    private final Libc libc = new Libc();
    private final SafeFile file;
    private final String name;
    private final int fd;
    private boolean placed;

    NewFile(SafeFile file, String name, int fd) {
        this.file = file;
        this.name = name;
        this.fd = fd;
    }

    void chmod(int mode) throws IOException {
        check(libc.fchmod(fd, mode), "fchmod");
    }

    /** Sets owner, group and mode to those of {@code other}. */
    public void copyOwnerOf(PinnedFile other) throws IOException {
        int uid = other.status().uid();
        int gid = (int) Files.getAttribute(other.path(), "unix:gid");
        int mode = other.status().mode() & PERMISSIONS;
        check(libc.fchown(fd, uid, gid), "fchown");
        chmod(mode);
    }

    /** Writes a text. */
    public void write(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            for (long from = 0; from < bytes.length; ) {
                long written = libc.write(fd, all.asSlice(from), bytes.length - from);
                if (written < 0 && libc.errno() == Errno.EINTR) {
                    continue;
                }
                if (written < 0) {
                    throw libc.failure("write");
                }
                from += written;
            }
        }
        check(libc.fsync(fd), "fsync");
    }

    /** Replaces the file. */
    public FileStatus replace() throws IOException {
        FileStatus written = checked();
        file.replaceBy(name);
        placed = true;
        return written;
    }

    /**
     * Creates the file.
     *
     * @throws java.nio.file.FileAlreadyExistsException if it exists
     */
    public void createTarget() throws IOException {
        checked();
        file.linkAs(name);
        file.delete(name);
        placed = true;
    }

    /**
     * Checks the file. A user with write access to the directory may have put another file at the name, which must not be used.
     */
    private FileStatus checked() throws IOException {
        FileStatus written = status();
        Optional<PinnedFile> found = file.find(name);
        if (found.isPresent()) {
            try (PinnedFile there = found.get()) {
                FileStatus now = there.status();
                if (now.inode() == written.inode() && now.device() == written.device()) {
                    return written;
                }
            }
        }
        throw new FileSystemException(
                file.path().toString(),
                null,
                "another user replaced it while it was written: check the mode of its directory");
    }

    private FileStatus status() throws IOException {
        try (PinnedFile self = PinnedFile.open("/proc/self/fd/" + fd)) {
            return self.status();
        }
    }

    private void check(int result, String call) throws OsException {
        if (result != 0) {
            throw libc.failure(call);
        }
    }

    @Override
    public void close() throws IOException {
        libc.close(fd);
        // After the rename, the temporary name may belong to the next writer.
        if (!placed) {
            file.delete(name);
        }
    }
}
