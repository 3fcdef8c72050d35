package dev.throughline.os;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** A system call that failed: which one, and the errno(3) that it left. */
public final class OsException extends IOException {
    private final String call;
    private final int errno;

    OsException(String call, int errno) {
        super(call + ": " + Errno.text(errno));
        this.call = call;
        this.errno = errno;
    }

    /** The system call, or what was asked through it, such as {@code conntrack get}. */
    public String call() {
        return call;
    }

    /** The same, as the JDK says it of a file. */
    public IOException about(Path file) {
        return switch (errno) {
            case Errno.ENOENT -> new NoSuchFileException(file.toString());
            case Errno.EACCES -> new AccessDeniedException(file.toString());
            case Errno.EEXIST -> new FileAlreadyExistsException(file.toString());
            case Errno.ENOTDIR -> new NotDirectoryException(file.toString());
            default -> this;
        };
    }

    /** The number of errno(3) on Linux, for example 1 for EPERM. */
    public int errno() {
        return errno;
    }
}
