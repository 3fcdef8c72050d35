package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** Thrown when a system call fails; has the call and its errno(3). */
public final class OsException extends IOException {
    private final String call;
    private final int errno;

    OsException(String call, int errno) {
        super(call + ": " + Errno.text(errno));
        this.call = call;
        this.errno = errno;
    }

    /** Returns the system call or the operation, such as {@code conntrack get}. */
    public String call() {
        return call;
    }

    /** Returns the JDK's exception for the same error on a file. */
    public IOException about(Path file) {
        return switch (errno) {
            case Errno.ENOENT -> new NoSuchFileException(file.toString());
            case Errno.EACCES -> new AccessDeniedException(file.toString());
            case Errno.EEXIST -> new FileAlreadyExistsException(file.toString());
            case Errno.ENOTDIR -> new NotDirectoryException(file.toString());
            default -> this;
        };
    }

    /** Returns the number of errno(3) on Linux, such as 1 for EPERM. */
    public int errno() {
        return errno;
    }
}
