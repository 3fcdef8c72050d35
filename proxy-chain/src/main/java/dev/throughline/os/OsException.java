package dev.throughline.os;

import java.io.IOException;

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

    /** The number of errno(3) on Linux, for example 1 for EPERM. */
    public int errno() {
        return errno;
    }
}
