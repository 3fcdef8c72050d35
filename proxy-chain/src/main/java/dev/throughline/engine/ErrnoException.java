package dev.throughline.engine;

import java.io.IOException;

/** An error of a system call, with its number. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * Creates an exception.
     *
     * @param errno its number on Linux (asm-generic/errno.h), on every system
     */
    public ErrnoException(int errno, IOException cause) {
        super(cause.getMessage(), cause);
        this.errno = errno;
    }

    /** Returns the number. */
    public int errno() {
        return errno;
    }
}
